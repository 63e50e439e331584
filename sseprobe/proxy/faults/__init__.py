"""Faults, one file each. To add one: a file here, and a line in the table."""
