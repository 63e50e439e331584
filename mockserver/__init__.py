"""The mock LLM server: well-behaved by default, faulty on request. It shares no code with sseprobe."""
