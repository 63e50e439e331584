"""Probes: one experiment each. They open streams and turn what they saw into a report."""
