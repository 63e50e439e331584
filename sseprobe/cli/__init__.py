"""Doors: words in, exit codes out. One file a command, no logic."""
