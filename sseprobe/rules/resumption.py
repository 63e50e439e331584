"""Family RES: ids, and reconnecting."""
