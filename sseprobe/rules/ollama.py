"""Family OLL: Ollama."""
