"""The mock LLM server: a model answer when good, a faithful rogue when told. It shares no code with sseprobe."""
