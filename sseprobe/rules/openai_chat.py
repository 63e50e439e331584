"""Family OAI: OpenAI Chat Completions and Completions, and servers that speak them."""
