"""Ctrl-C, SIGTERM and SIGHUP, from the first moment of a process on.

A signal that comes while the command is still being loaded or set up is kept until there is something to cancel, so
that the report of an interrupted run is written whenever it comes. A second signal does not wait any more.
"""

import signal
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:  # this is loaded before anything else, so that signals are watched soon: it imports next to nothing
    import asyncio
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruption:
    """What this process was asked to do. `signal`: the first signal that came, None if none did."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._cancel: Callable[[], object] | None = None
        self._is_immediate = False
        self._watched: list[int] = []

    @property
    def exit_code(self) -> int:
        """128 and the signal's number: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + (self.signal or signal.SIGINT)

    def watch(self) -> None:
        """Signals come here from now on. Only the main thread may call it."""
        self.signal, self._cancel, self._is_immediate = None, None, False
        # What was ignored stays ignored, as by nohup.
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        self._watched = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
        for number in self._watched:
            signal.signal(number, self._on_signal)

    def ignore(self) -> None:
        """The command is over, its exit code is settled: signals change nothing any more."""
        for number in self._watched:
            signal.signal(number, signal.SIG_IGN)

    def stop_at_once(self) -> None:
        """From now on a signal raises KeyboardInterrupt where it comes. Raises it if one has come."""
        self._is_immediate = True
        if self.signal is not None:
            raise KeyboardInterrupt

    @contextmanager
    def cancels(self, task: "asyncio.Task[Any]") -> "Iterator[None]":
        """A signal cancels this task while the block lasts; one that has come does so at its next step."""
        loop = task.get_loop()
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        if self.signal is not None:
            loop.call_soon(task.cancel)
        try:
            yield
        finally:
            self._cancel = None

    def _on_signal(self, number: int, frame: "FrameType | None") -> None:
        del frame
        is_second, self.signal = self.signal is not None, self.signal or number
        if is_second or self._is_immediate:
            raise KeyboardInterrupt
        if self._cancel is not None:
            self._cancel()


interruption = Interruption()
"""Of this process."""
