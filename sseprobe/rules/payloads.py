"""Family JSON: payloads, whatever the dialect."""
