"""The mock LLM server: a model answer when good, a faithful rogue when told to be bad. It shares no code with sseprobe."""
