"""Real hops and simulated ones before the same origin, measured alike."""
