"""Family COH: Cohere v2."""
