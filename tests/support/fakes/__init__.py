"""Readers that misbehave, a file each: a reader's process imports its module by name."""
