"""Family VRC: Vercel's UI message stream v1."""
