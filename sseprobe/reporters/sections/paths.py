"""Two paths to one server (`buffer-test --direct`): whether the URL's path buffers, and how."""

import shlex
from collections.abc import Iterator
from typing import Final

from sseprobe.report import PathReport, Report, StreamReport
from sseprobe.reporters.blocks import Block, Cell, Column, Lines, Quote, Row, Table
from sseprobe.reporters.cases import VERDICT_OUTCOMES, Case
from sseprobe.reporters.sections.base import Section
from sseprobe.reporters.sections.stream import rate
from sseprobe.text import one_line
from sseprobe.units import human_ms

_SENTENCE: Final = 400
_NAME: Final = 60
_LIKE_SHOWN: Final = 6
_EVIDENCE_SHOWN: Final = 20
_KINDS: Final = {
    "whole-body": "buffers the whole answer until it is complete",
    "block": "buffers the answer in blocks of about {bytes} bytes",
    "timer": "flushes its buffer only about every {period}",
    "compression": "compresses the answer without flushing after each event",
    "lumps": "delivers the answer in bursts",
}
_COLUMNS: Final = (Column(""), Column("This path", wraps=True), Column("Direct", wraps=True))
_LONG_ANSWER: Final = "Count from 1 to 300, one number per line."


def summary(report: Report) -> Iterator[str]:
    """Whether the path buffers, and what that means to a user."""
    if report.path is not None:
        yield outcome_sentence(report.path)
        if report.path.meaning:
            yield one_line(report.path.meaning, _SENTENCE)


def blocks(report: Report) -> Iterator[Block]:
    """The evidence, and both paths side by side."""
    if (path := report.path) is None:
        return
    lines: list[Cell] = [(each,) for each in _evidence(path)]
    if like := _like(path):
        lines.append((f"behaves like {like}",))
    if (step := next_step(report, path)) is not None:
        lines.append((Quote(step[0], f"next step, {step[1]}:"),))
    yield Lines("Evidence", tuple(lines))
    rows = []
    for label, *cells in _side_by_side(report, path):
        parts: list[Cell] = [(Quote(each),) if label == "URL" else (each,) for each in cells]
        rows.append(Row(((label,), *parts)))
    yield Table("Both paths", _COLUMNS, tuple(rows))


def cases(report: Report) -> Iterator[Case]:
    """Both paths are one case: they, and nothing else, are the verdict."""
    if (path := report.path) is None:
        return
    rows = (f"{label}: {' | direct: '.join(filter(None, cells))}" for label, *cells in _side_by_side(report, path))
    details = [one_line(path.meaning, _SENTENCE), *rows, *(f"evidence: {each}" for each in _evidence(path))]
    if like := _like(path):
        details.append(f"behaves like: {like}")
    if (step := next_step(report, path)) is not None:
        details.append(f"next step, {step[1]}: {step[0]}")
    outcome, title = VERDICT_OUTCOMES[report.verdict], "this path streams as the direct one does"
    yield Case("path", "path", title, outcome, outcome_sentence(path), tuple(filter(None, details)))


SECTION: Final = Section("path", blocks, summary, cases, "This path streams as the direct one does")


def outcome_sentence(path: PathReport) -> str:
    """Whether the path buffers, how, and how certain that is; first of all, whether it cuts the stream."""
    if path.cut is not None:
        return one_line(path.cut, _SENTENCE)
    how = _KINDS.get(path.kind, "buffers the answer, in no recognised pattern").format(
        bytes="?" if path.block_bytes is None else f"{path.block_bytes:,}", period=human_ms(path.period_ms)
    )
    confidence = one_line(path.confidence, 40)
    if path.buffers == "yes":
        return f"this path {how} ({confidence})"
    if path.buffers == "no":
        return f"this path does not buffer, compared with the direct one ({confidence})"
    return "inconclusive: unclear whether this path buffers"


def _side_by_side(report: Report, path: PathReport) -> Iterator[tuple[str, str, str]]:
    """What, this path's, the direct one's."""
    yield "URL", one_line(path.url, 2000), one_line(path.direct_url, 2000)
    if len(report.streams) > 1:
        for (label, ours), (_, theirs) in zip(*map(_figures, report.streams[:2]), strict=True):
            yield label, ours, theirs
    yield "events per read", _ratio(path.bunching_ratio), _ratio(path.direct_bunching_ratio)
    delay = path.added_delay_ms
    yield "added TTFT", human_ms(path.added_ttft_ms), ""
    yield "added delay", f"p50 {human_ms(delay.p50)}, max {human_ms(delay.max)}", ""


def _evidence(path: PathReport) -> list[str]:
    return [one_line(each, _SENTENCE) for each in path.evidence[:_EVIDENCE_SHOWN]]


def _like(path: PathReport) -> str:
    """The profiles that behave so, empty if none does."""
    names = [one_line(each, _NAME) for each in path.like]
    more = len(names) - _LIKE_SHOWN
    return ", ".join(names[:_LIKE_SHOWN]) + (f" and {more} more" if more > 0 else "")


def next_step(report: Report, path: PathReport) -> tuple[str, str] | None:
    """A command to run next, and what for; None if there is nothing to find out."""
    direct = shlex.quote(one_line(path.direct_url, 2000))
    options = "".join(f" {shlex.quote(one_line(word, 2000))}" for word in path.again)
    if path.buffers == "yes":
        named = "".join(f" --profile {shlex.quote(one_line(each, _NAME))}" for each in path.like[:3])
        return f"sseprobe buffer-test {direct}{options}{named}", "to see what helps behind such a proxy"
    if path.buffers == "no" or report.target.method != "POST":  # without a body there is no prompt
        return None
    asked = f"sseprobe buffer-test {shlex.quote(one_line(path.url, 2000))} --direct {direct}"
    if "-d" in path.again or "--prompt" in path.again:
        return f"{asked}{options}", "with a prompt that asks for a longer answer, to have more events to judge by"
    return f"{asked}{options} --prompt {shlex.quote(_LONG_ANSWER)}", "to have more events to judge by"


def _figures(stream: StreamReport) -> Iterator[tuple[str, str]]:
    figures = stream.metrics
    yield "TTFT", human_ms(figures.ttft_ms)
    yield "ITL", f"p50 {human_ms(figures.itl_ms.p50)}, max {human_ms(figures.itl_ms.max)}"
    yield "rate", rate(stream)
    yield "ending", f"{stream.ending} after {human_ms(figures.e2e_ms)}"


def _ratio(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio:.3g}"
