"""The table of witnesses as Markdown. `scripts/generate` writes it into docs/disconnect.md."""

import re
from typing import Final

from sseprobe.witnesses import specs

_BETWEEN: Final = re.compile(r"(?<=<!-- witnesses -->\n).*(?=<!-- /witnesses -->)", re.DOTALL)
_HEAD: Final = "| SPEC | reads | evidence | strength |\n|---|---|---|---|\n"


def with_witnesses(page: str) -> str:
    """The page with the table of witnesses of today between its marks."""
    rows = []
    for spec in specs():
        syntax = spec.syntax.replace("|", "\\|")
        rows.append(f"| `{syntax}` | {spec.reads} | {spec.evidence} | {spec.strength} |\n")
    return _BETWEEN.sub(lambda _: _HEAD + "".join(rows), page)
