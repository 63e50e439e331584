"""The record of one connection."""

from sseprobe.net.stamped import RawRead
from sseprobe.net.wire import Wire
from sseprobe.transcript import Clock


def test_arrivals_never_run_backwards() -> None:
    """A packet that was overtaken is handed over late; the wall clock may be set while a stamp is on its way."""
    wire = Wire(1000, 10**12, 60)
    times = []
    for t_ns in (900, 1500, 1400, 1600):
        wire.note(RawRead(b"x", t_ns, Clock.KERNEL, 0, 0))
        times.append(wire.read.t_ns)
    assert times == [0, 500, 500, 600]
