"""When a client aborts."""

import pytest

from sseprobe.errors import UsageError
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.phases import HEAD, Phase, Progress, wait_ns

MS = 1_000_000


def progress(elapsed_ms: int = 0, quiet_ms: int | None = None, deltas: int = 0, *, working: bool = False) -> Progress:
    return Progress(elapsed_ms * MS, None if quiet_ms is None else quiet_ms * MS, deltas, working)


@pytest.mark.parametrize(
    ("word", "now", "wait_ms"),
    [
        ("mid-stream", progress(deltas=9), None),
        ("mid-stream", progress(deltas=10), 0),
        ("after-tokens:3", progress(deltas=3), 0),
        ("after-tokens:3", progress(deltas=2), None),
        ("after-ms:250", progress(100), 150),
        ("after-ms:250", progress(300), 0),
        ("silent-gap", progress(5000), None),
        ("silent-gap", progress(500, 100), 200),
        ("silent-gap", progress(500, 300), 0),
        ("before-headers", progress(400), 600),
        ("before-headers", progress(10, working=True), 0),
        ("before-first-token", progress(1000), 0),
    ],
)
def test_phases(word: str, now: Progress, wait_ms: int | None) -> None:
    assert phases.wait_ns(phases.parse(word), now) == (None if wait_ms is None else wait_ms * MS)


@pytest.mark.parametrize(("deltas", "tokens"), [(100, 90), (10, 9), (1, 1), (2, 1)])
def test_near_the_end(deltas: int, tokens: int) -> None:
    assert phases.near_end(deltas).tokens == tokens


@pytest.mark.parametrize(
    "word", ["", "mid", "mid-stream:3", "after-tokens:", "after-tokens:x", "after-ms:", "near-end:1"]
)
def test_words_that_are_no_phase(word: str) -> None:
    with pytest.raises(UsageError, match="not a phase"):
        phases.parse(word)


def test_a_phase_counts_from_its_anchor() -> None:
    phase = Phase("after-ms", "after-ms:103", None, 3 * MS, HEAD)
    assert wait_ns(phase, Progress(50 * MS, None, 0, seen_working=False)) is None
    assert wait_ns(phase, Progress(121 * MS, None, 0, seen_working=False, marks={HEAD: 120 * MS})) == 2 * MS
    assert wait_ns(phase, Progress(123 * MS, None, 0, seen_working=False, marks={HEAD: 120 * MS})) == 0
