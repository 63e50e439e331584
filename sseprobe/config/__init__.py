"""What can be said in a file: `sseprobe.toml`, or `[tool.sseprobe]` in `pyproject.toml`."""
