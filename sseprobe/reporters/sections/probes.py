"""Active probes of `check`: which ran, and why the others did not."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sseprobe.report import Report
from sseprobe.reporters.blocks import MAX_ROWS, Block, Column, Row, Table
from sseprobe.reporters.sections.base import Section
from sseprobe.text import one_line

_COLUMNS: Final = (Column("Probe", wraps=True), Column("Result", wraps=True))
_COMPRESSION: Final = "compression"


def summary(report: Report) -> Iterator[str]:
    """What other clients do and was not tried: a pass says nothing of it."""
    ran = {each.probe: each.ran for each in report.probes}
    if ran.get("repeat") and ran.get(_COMPRESSION) is False:
        yield "not tested: a request for compression, as browsers send it (--probe compression)"


def blocks(report: Report) -> Iterator[Block]:
    """In detail: the probes that ran, and the others, with those together that have the same reason."""
    rows = [Row(((one_line(each.probe, 40),), (one_line(each.detail, 400),))) for each in report.probes if each.ran]
    rows += [Row(((names,), (f"not run: {why}",))) for names, why in idle_probes(report)]
    yield Table("Probes", _COLUMNS, tuple(rows[:MAX_ROWS]), detail=True)


def idle_probes(report: Report) -> Iterator[tuple[str, str]]:
    """The names of probes that did not run, and why."""
    idle = [
        (one_line(each.detail.replace(f"--probe {each.probe}", "--probe NAME"), 300), one_line(each.probe, 40))
        for each in report.probes
        if not each.ran
    ]
    for why, names in groupby(sorted(idle), key=lambda each: each[0]):
        yield ", ".join(name for _, name in names), why


SECTION: Final = Section("probe", blocks, summary)
