"""Watching a witness from a thread of its own."""

import asyncio
import threading

import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import Request
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.phases import parse
from sseprobe.probes.abort.run import AbortPlan, AbortRun
from sseprobe.probes.abort.session import Setting
from sseprobe.probes.observer import Observer
from sseprobe.probes.receive import StreamPlan
from sseprobe.redaction import Redactor
from sseprobe.stop_detection.samples import Failed, Reading, Sample
from sseprobe.witnesses.base import Spec, Witness, WitnessError
from sseprobe.witnesses.watch import Watch

PLAN = StreamPlan(Request("GET", "http://127.0.0.1:9/", []), ConnectOptions(), None, Redactor(), 1 << 20)


class Scripted(Witness):
    """Answers, then fails as a witness may, then as it must not."""

    spec = Spec("scripted", "scripted", "a list", "a counter")
    interval_s = 0.001

    def __init__(self) -> None:
        self.asked = 0
        self.closed = threading.Event()

    def sample(self) -> Reading:
        """The next of its answers."""
        self.asked += 1
        if self.asked == 1:
            return Reading(work=1)
        if self.asked == 2:
            raise WitnessError("not now")
        raise ZeroDivisionError("a mistake")

    def close(self) -> None:
        """Lets go."""
        self.closed.set()


def test_what_a_witness_must_not_raise_is_raised_where_it_is_heard() -> None:
    witness = Scripted()
    seen: list[Sample | Failed] = []

    def changed() -> None:
        if len(seen) < 2:
            seen[:] = watch.samples()

    watch = Watch(witness, changed)
    with watch:
        assert witness.closed.wait(10)
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        watch.samples()
    assert [sample.reason if isinstance(sample, Failed) else sample.reading.work for sample in seen] == [1, "not now"]


def test_a_mistake_in_a_witness_is_no_missing_evidence() -> None:
    plan = AbortPlan(Setting(PLAN, 1.0), [AbortKind.FIN], [parse("mid-stream")])
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        asyncio.run(AbortRun(plan, [Scripted()], Observer()).go())
