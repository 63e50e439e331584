"""sseprobe: finds out from outside whether an LLM endpoint streams, stops and fails as it should."""

__version__ = "0.1.0"
