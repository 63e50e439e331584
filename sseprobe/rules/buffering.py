"""Family BUF: whether events arrive as they are made."""
