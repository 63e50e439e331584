"""The measured socket, and HTTP above it: the only home of httpx."""
