"""Measured comparisons. `python -m benchmarks` prints one table with ratios; nothing else may run meanwhile."""
