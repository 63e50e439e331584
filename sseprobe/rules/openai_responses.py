"""Family ORS: OpenAI Responses."""
