"""The likely mistake behind a leak or a late stop."""

from msgspec.structs import replace

from sseprobe.probes.abort.cause import TrialFacts, cause_from_response_times, cause_from_trials, late_stop
from sseprobe.report import Cause

MS = 1_000_000


USUAL = TrialFacts(
    at="mid-stream",
    running=True,
    lag_ns=None,
    overrun=None,
    gap_ns=20.0 * MS,
    gap_after_ns=None,
    has_ids=False,
    head_had_come=True,
)


def facts(**what: object) -> TrialFacts:
    return replace(USUAL, **what)


def examples(cause: Cause | None) -> list[str]:
    return cause.examples if cause else []


def test_causes() -> None:
    assert examples(cause_from_trials([facts(gap_after_ns=0.1 * MS)])) == ["leak-swallow"]
    assert examples(cause_from_trials([facts(gap_after_ns=19 * MS)])) == []
    assert examples(cause_from_trials([facts(has_ids=True)])) == ["resumable"]
    assert examples(cause_from_trials([facts(running=False, has_ids=True)])) == []
    late = {"running": False, "lag_ns": 80 * MS, "overrun": 1.0, "head_had_come": False}
    assert examples(late_stop([facts(at="before-headers", **late)])) == ["slow-handler"]
    assert examples(late_stop([facts(at="mid-stream", **late)])) == []


def test_a_synchronous_client_is_named_on_evidence_alone() -> None:
    idle = [2 * MS, 2 * MS, 3 * MS]

    def guess(*busy_ms: int, server: str | None = "uvicorn") -> Cause | None:
        return cause_from_response_times(idle, [each * MS for each in busy_ms], 20 * MS, server)

    assert examples(guess(2, 2, 3))[0] == "leak-queue"
    assert examples(guess(40, 41, 2)) == ["leak-poll-under-middleware"]
    assert examples(guess(2000, 2000, 2000)) == ["leak-blocking-loop"]
    for server in (None, "nginx/1.22.1", "Kestrel"):
        busy = guess(2000, 2000, 2000, server=server)
        assert busy is not None
        assert (busy.examples, "synchronous" in busy.detail) == ([], False)
    assert guess(2000) is None  # too few
    # One that is as slow when it is idle is not kept busy by the stream.
    slow = [30 * MS, 31 * MS, 60 * MS]
    assert examples(cause_from_response_times(slow, [40 * MS, 41 * MS, 42 * MS], 20 * MS, "uvicorn"))[0] == "leak-queue"
