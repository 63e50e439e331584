"""Family MIS: Mistral."""
