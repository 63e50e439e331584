"""Options: their groups, and the config file, `sseprobe.toml` or `[tool.sseprobe]` in `pyproject.toml`."""
