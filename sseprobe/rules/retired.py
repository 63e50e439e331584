"""Ids that were given once and are no rule any more: an id keeps its meaning for ever."""

from typing import Final

RETIRED: Final[dict[str, str]] = {}
"""Id -> what became of it."""
