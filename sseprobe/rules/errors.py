"""Family ERR: failures, and how they are told."""
