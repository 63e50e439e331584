"""A section: how one kind of result looks, as blocks and as cases."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from sseprobe.report import Report
from sseprobe.reporters.blocks import Block
from sseprobe.reporters.cases import Case


def nothing(_report: Report) -> Iterator[str]:
    """For a section that has no sentence beside the verdict."""
    yield from ()


def no_cases(_report: Report) -> Iterator[Case]:
    """For a section that is judged elsewhere, or not at all."""
    yield from ()


class Section(Struct, frozen=True):
    """One kind of result. Each function yields nothing where the report holds none of it.

    `blocks`: for people, the most important first. `summary`: sentences beside the verdict. `cases`: for CI; `claim`:
    what a case that passes shows, the title of their rule in SARIF.
    """

    kind: str
    blocks: Callable[[Report], Iterator[Block]]
    summary: Callable[[Report], Iterator[str]] = nothing
    cases: Callable[[Report], Iterator[Case]] = no_cases
    claim: str = ""
