"""Family GEM: Google Gemini."""
