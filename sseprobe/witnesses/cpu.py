"""`cpu:PID`: the CPU time of the server process and its children. Indirect: it usually goes with the work.

An idle process uses a little of it too, so that only what is well above its own idling counts as work.
"""

import time
from pathlib import Path
from typing import Final

from sseprobe.errors import UsageError
from sseprobe.stop_detection.answers import Strength
from sseprobe.stop_detection.counters import FLAT_NS
from sseprobe.stop_detection.samples import Reading
from sseprobe.units import NS_PER_MS
from sseprobe.witnesses.base import Context, Spec, Witness, WitnessError

_PROC: Final = Path("/proc")
_TIMES_IDLE: Final = 3
_NOISE_NS: Final = NS_PER_MS // 2

SPEC: Final = Spec(
    "cpu",
    "cpu:PID",
    "the CPU time of a process and its children (Linux)",
    "a counter of CPU time",
    Strength.INDIRECT,
)


class Cpu(Witness):
    """Adds up CPU time beyond what the process used while it was idle. Linux only."""

    spec = SPEC
    interval_s = 0.1
    least_share = 0.5

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._first: tuple[int, int] | None = None
        self._last: tuple[int, int] | None = None
        self._idle_rate: float | None = None  # CPU time by time
        self._work_ns = 0.0

    def sample(self) -> Reading:
        """Reads the CPU time; the first `FLAT_NS` show how much the idle process uses."""
        now = time.monotonic_ns(), self._used_ns()
        if self._first is None or self._last is None:
            self._first = self._last = now
        if self._idle_rate is None:
            elapsed_ns = now[0] - self._first[0]
            self._last = now
            if elapsed_ns > FLAT_NS:
                self._idle_rate = (now[1] - self._first[1]) / elapsed_ns
            return Reading(work=0.0)
        elapsed_ns, used_ns = now[0] - self._last[0], now[1] - self._last[1]
        self._last = now
        if used_ns > _TIMES_IDLE * self._idle_rate * elapsed_ns + _NOISE_NS:
            self._work_ns += used_ns
        return Reading(work=self._work_ns / NS_PER_MS)

    def _used_ns(self) -> int:
        """CPU time of all threads of the process and its descendants, in ns (proc(5): schedstat)."""
        used, left = 0, [self._pid]
        while left:
            pid = left.pop()
            try:
                for thread in (_PROC / str(pid) / "task").iterdir():
                    used += int((thread / "schedstat").read_text().split()[0])
                    left += map(int, (thread / "children").read_text().split())
            except (OSError, ValueError, IndexError) as error:
                if pid == self._pid:
                    raise WitnessError(f"process {pid} not found (cpu: needs Linux)") from error
        return used


def make(words: str, context: Context) -> Witness:
    """From `cpu:PID`. Raises UsageError."""
    del context
    if not words.isdecimal() or not words.isascii() or not 0 < int(words[:10]) < 2**31:
        raise UsageError(f"--witness cpu:{words}: not a process id. Expected cpu:PID.")
    return Cpu(int(words))
