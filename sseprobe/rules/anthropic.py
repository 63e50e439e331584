"""Family ANT: Anthropic Messages."""
