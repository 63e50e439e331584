"""Family HTTP: the head of the answer, and its framing."""
