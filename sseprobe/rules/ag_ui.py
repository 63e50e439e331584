"""Family AGU: AG-UI."""
