"""The parts of the abort test that need no socket: phases, weighing, guesses at a cause."""

import pytest
from msgspec.structs import replace

from sseprobe.errors import UsageError
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.cause import Seen, late_stop, told_by_answers, told_by_trials
from sseprobe.probes.abort.phases import FIRST_CONTENT, HEAD, Phase, Progress, wait_ns
from sseprobe.probes.abort.sweeping import spread
from sseprobe.probes.abort.trial import weigh
from sseprobe.report import Cause
from sseprobe.stop_detection.answers import Answer

MS = 1_000_000
STOPPED, RUNNING, UNKNOWN = Answer.STOPPED, Answer.RUNNING, Answer.UNKNOWN


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


@pytest.mark.parametrize(
    ("direct", "indirect", "answer"),
    [
        ([STOPPED], [], STOPPED),
        ([RUNNING], [STOPPED], RUNNING),
        ([STOPPED], [RUNNING], STOPPED),
        ([STOPPED, RUNNING], [], RUNNING),
        ([STOPPED, UNKNOWN], [], STOPPED),
        ([UNKNOWN], [STOPPED], STOPPED),
        ([UNKNOWN], [UNKNOWN], UNKNOWN),
        ([], [STOPPED, RUNNING], UNKNOWN),
        ([], [], UNKNOWN),
    ],
)
def test_direct_evidence_outweighs_indirect(direct: list[Answer], indirect: list[Answer], answer: Answer) -> None:
    said, contradiction = weigh([*((True, each) for each in direct), *((False, each) for each in indirect)])
    assert said is answer
    assert (contradiction is not None) == ({STOPPED, RUNNING} <= set(direct))


USUAL = Seen(
    at="mid-stream",
    running=True,
    lag_ns=None,
    overrun=None,
    gap_ns=20.0 * MS,
    gap_after_ns=None,
    has_ids=False,
    head_had_come=True,
)


def seen(**what: object) -> Seen:
    return replace(USUAL, **what)


def examples(cause: Cause | None) -> list[str]:
    return cause.examples if cause else []


def test_causes() -> None:
    assert examples(told_by_trials([seen(gap_after_ns=0.1 * MS)])) == ["leak-swallow"]
    assert examples(told_by_trials([seen(gap_after_ns=19 * MS)])) == []
    assert examples(told_by_trials([seen(has_ids=True)])) == ["resumable"]
    assert examples(told_by_trials([seen(running=False, has_ids=True)])) == []
    late = {"running": False, "lag_ns": 80 * MS, "overrun": 1.0, "head_had_come": False}
    assert examples(late_stop([seen(at="before-headers", **late)])) == ["slow-handler"]
    assert examples(late_stop([seen(at="mid-stream", **late)])) == []


def test_a_synchronous_client_is_named_on_evidence_alone() -> None:
    idle = [2 * MS, 2 * MS, 3 * MS]

    def told(*answers_ms: int, server: str | None = "uvicorn") -> Cause | None:
        return told_by_answers(idle, [each * MS for each in answers_ms], 20 * MS, server)

    assert examples(told(2, 2, 3))[0] == "leak-queue"
    assert examples(told(40, 41, 2)) == ["leak-poll-under-middleware"]
    assert examples(told(2000, 2000, 2000)) == ["leak-blocking-loop"]
    for server in (None, "nginx/1.22.1", "Kestrel"):
        busy = told(2000, 2000, 2000, server=server)
        assert busy is not None
        assert (busy.examples, "synchronous" in busy.detail) == ([], False)
    assert told(2000) is None  # too few
    # One that is as slow when it is idle is not kept busy by the stream.
    slow = [30 * MS, 31 * MS, 60 * MS]
    assert examples(told_by_answers(slow, [40 * MS, 41 * MS, 42 * MS], 20 * MS, "uvicorn"))[0] == "leak-queue"


def test_a_sweep_is_dense_around_its_marks() -> None:
    chosen = spread(20, {HEAD: 100 * MS, FIRST_CONTENT: 400 * MS}, 2000 * MS)
    at_ms = [float(phase.word.partition(":")[2]) for phase in chosen]
    assert len(at_ms) == 20
    assert at_ms == sorted(at_ms)
    assert sum(96 <= each <= 112 for each in at_ms) >= 6
    assert sum(396 <= each <= 412 for each in at_ms) >= 6
    assert max(at_ms) < 2000
    for phase, each in zip(chosen, at_ms, strict=True):  # behind a mark: from the stream's own
        if phase.anchor is not None:
            assert each == pytest.approx(
                {HEAD: 100, FIRST_CONTENT: 400}[phase.anchor] + (phase.after_ns or 0) / MS, abs=0.01
            )
    assert {phase.anchor for phase in chosen} == {HEAD, FIRST_CONTENT, None}
    assert len(spread(2, {}, 50 * MS)) == 2


def test_a_phase_counts_from_its_anchor() -> None:
    phase = Phase("after-ms", "after-ms:103", None, 3 * MS, HEAD)
    assert wait_ns(phase, Progress(50 * MS, None, 0, seen_working=False)) is None
    assert wait_ns(phase, Progress(121 * MS, None, 0, seen_working=False, marks={HEAD: 120 * MS})) == 2 * MS
    assert wait_ns(phase, Progress(123 * MS, None, 0, seen_working=False, marks={HEAD: 120 * MS})) == 0
