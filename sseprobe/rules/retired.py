"""Ids that were given once and are no rule any more: an id keeps its meaning for ever."""

from typing import Final

_NO_DIALECT: Final = "dropped for now: sseprobe does not speak this dialect"
RETIRED: Final = {
    "A2A001": _NO_DIALECT,
    "ANT004": "merged into TRM001 and TRM002, which say it for every dialect",
    "ANT005": "merged into JSON002, JSON003 and ERR002, which say it for every dialect",
    "GEM002": "merged into TRM001, which says it for every dialect",
    "GEM003": "merged into ERR002, which says it for every dialect",
    "LGR001": _NO_DIALECT,
    "MCP001": _NO_DIALECT,
    "MCP002": _NO_DIALECT,
    "OAI005": "merged into TRM001 and TRM002, which say it for every dialect",
    "TGI001": _NO_DIALECT,
    "TIM004": "merged into ABT001, which needs a witness",
}
"""Id -> what became of it."""
