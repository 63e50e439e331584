"""Two paths to one server in words, for every reporter that writes for people. What comes back may be shown."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from sseprobe.report import PathReport, Report, StreamReport
from sseprobe.reporters.figures import rate
from sseprobe.text import one_line
from sseprobe.units import human_ms

_SENTENCE: Final = 400
_NAME: Final = 60
_NAMES_SHOWN: Final = 6
_LISTED: Final = 20
_KINDS: Final = {
    "whole-body": "holds the whole answer back until it is complete",
    "block": "holds the answer back in blocks of about {bytes} bytes",
    "timer": "lets the answer go only every {period} or so",
    "compression": "holds the answer back in a compressor that is not flushed",
    "lumps": "holds the answer back, and lets it go in lumps",
}
_LONG_ANSWER: Final = "Count from 1 to 300, one number a line."


def listed(names: Sequence[str]) -> str:
    """Names by commas, of many only the first."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def found(path: PathReport) -> str:
    """Whether the path buffers, how, and how sure that is; above all, whether it cuts the stream."""
    if path.cut is not None:
        return one_line(path.cut, _SENTENCE)
    how = _KINDS.get(path.kind, "holds the answer back, how is not clear").format(
        bytes="?" if path.block_bytes is None else f"{path.block_bytes:,}", period=human_ms(path.period_ms)
    )
    sure = one_line(path.confidence, 40)
    if path.buffers == "yes":
        return f"this path {how} ({sure})"
    if path.buffers == "no":
        return f"this path does not buffer, compared with the direct one ({sure})"
    return "whether this path buffers cannot be told"


def side_by_side(report: Report, path: PathReport) -> Iterator[tuple[str, str, str]]:
    """Both paths side by side: what, this one, the direct one."""
    yield "URL", one_line(path.url, 2000), one_line(path.direct_url, 2000)
    if len(report.streams) > 1:
        for (label, ours), (_, theirs) in zip(*map(_figures, report.streams[:2]), strict=True):
            yield label, ours, theirs
    yield "events per read", _ratio(path.bunching_ratio), _ratio(path.direct_bunching_ratio)
    delay = path.added_delay_ms
    yield "added TTFT", human_ms(path.added_ttft_ms), ""
    yield "added delay", f"p50 {human_ms(delay.p50)}, max {human_ms(delay.max)}", ""


def evidence(path: PathReport) -> list[str]:
    """What it was read from."""
    return [one_line(each, _SENTENCE) for each in path.evidence[:_LISTED]]


def like(path: PathReport) -> str:
    """Which profiles behave so, empty if none does."""
    return listed([one_line(each, _NAME) for each in path.like])


def next_step(report: Report, path: PathReport) -> tuple[str, str] | None:
    """What to run next, and what that will tell; None if there is nothing to find out."""
    straight = shlex.quote(one_line(path.direct_url, 2000))
    asked_with = "".join(f" {shlex.quote(one_line(word, 2000))}" for word in path.again)
    if path.buffers == "yes":
        named = "".join(f" --profile {shlex.quote(one_line(each, _NAME))}" for each in path.like[:3])
        return f"sseprobe buffer-test {straight}{asked_with}{named}", "to see what helps behind such a hop"
    if path.buffers == "no" or report.target.method != "POST":  # without a body there is no prompt
        return None
    asked = f"sseprobe buffer-test {shlex.quote(one_line(path.url, 2000))} --direct {straight}"
    if "-d" in path.again or "--prompt" in path.again:
        return f"{asked}{asked_with}", "with a prompt that asks for a longer answer, to have more events to judge by"
    return f"{asked}{asked_with} --prompt {shlex.quote(_LONG_ANSWER)}", "to have more events to judge by"


def _figures(stream: StreamReport) -> Iterator[tuple[str, str]]:
    figures = stream.metrics
    yield "TTFT", human_ms(figures.ttft_ms)
    yield "ITL", f"p50 {human_ms(figures.itl_ms.p50)}, max {human_ms(figures.itl_ms.max)}"
    yield "rate", rate(stream)
    yield "ending", f"{stream.ending} after {human_ms(figures.e2e_ms)}"


def _ratio(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio:.3g}"
