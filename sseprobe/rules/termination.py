"""Family TRM: the end of a stream."""
