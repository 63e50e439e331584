"""A reverse proxy that behaves like a named profile: faults (`faults/`), profiles (`profiles/`), and the server."""
