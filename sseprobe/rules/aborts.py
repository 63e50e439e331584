"""Family ABT: whether the server stops when its client leaves."""
