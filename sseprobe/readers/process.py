"""The process of one reader: started, its output read within limits, and ended with all that it started."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from sseprobe.text import one_line

_MIB: Final = 1024 * 1024


class Limits(Struct, frozen=True):
    """What a reader may take. `start_s`: to be imported and to read its canary, which a busy machine makes slow.

    `read_s`: to read the stream, and `read_s_per_mib` more for its size. `output_bytes`, `output_ratio`: what it may
    print: an escaped control character has six bytes for one.
    """

    start_s: float = 60.0
    read_s: float = 10.0
    read_s_per_mib: float = 5.0
    output_bytes: int = _MIB
    output_ratio: int = 12

    def read_limit_s(self, size: int) -> float:
        """For a body of this size."""
        return self.read_s + self.read_s_per_mib * size / _MIB

    def output_limit(self, size: int) -> int:
        """For a body of this size."""
        return self.output_bytes + self.output_ratio * size


class ReaderResult(Struct):
    """What a reader delivered. `error`: class and message of what it raised. `unfit`: why it delivered nothing."""

    items: list[Any] = field(default_factory=list)
    error: tuple[str, str] | None = None
    unfit: str | None = None


class ReaderProcess:
    """One run. `kill` may be called from any thread, at any time."""

    def __init__(self, command: list[str], environment: dict[str, str], home: Path) -> None:
        self._command = command
        self._environment = environment
        self._home = home
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def run(self, body: Path, size: int, limits: Limits) -> ReaderResult:
        """Reads the encoded stream in this file; `size`: of its body."""
        with body.open("rb") as given:
            process = self._start(given)
        if process is None:
            return ReaderResult(unfit="it was interrupted")
        result = ReaderResult()
        output = _Output(result, limits.output_limit(size))
        timeout = _Timeout(self.kill, limits.start_s)
        assert process.stdout is not None
        try:
            with process.stdout as pipe:
                while output.wants_more and (piece := os.read(pipe.fileno(), 65536)):
                    if output.take(piece):
                        timeout.restart(limits.read_limit_s(size))
                if not output.wants_more:
                    self.kill()
            _wait_unreaped(process)
        finally:
            timeout.cancel()
            self.kill()  # what it left behind
            with self._lock:
                self._process = None
                code = process.wait()
        if result.unfit is None and not output.ended:
            result.unfit = _why(output, timeout, code)
        return result

    def _start(self, given: Any) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            if self._killed:
                return None
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter or node, our own words
                self._command,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._home,
                env=self._environment,
                start_new_session=os.name == "posix",
            )
            return self._process

    def kill(self) -> None:
        """Ends it and what it started, if it runs; lets it not start otherwise."""
        with self._lock:
            self._killed = True
            if self._process is None:
                return
            if os.name == "posix":
                try:
                    os.killpg(self._process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                except PermissionError:  # macOS: a group of nothing but zombies
                    pass
            else:
                self._process.kill()


def _wait_unreaped(process: "subprocess.Popen[bytes]") -> None:
    """Waits for its end, and leaves its id in use: its group is yet to be ended."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


class _Timeout:
    """A time limit that starts anew."""

    def __init__(self, end: Any, seconds: float) -> None:
        self._end = end
        self._timer: threading.Timer | None = None
        self.ran_out_s: float | None = None
        self.restart(seconds)

    def restart(self, seconds: float) -> None:
        """From now on it has so long."""
        self.cancel()
        self._timer = threading.Timer(seconds, self._over, (seconds,))
        self._timer.daemon = True
        self._timer.start()

    def _over(self, seconds: float) -> None:
        self.ran_out_s = seconds
        self._end()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class _Output:
    """Collects a result from the lines that the process prints; any other output ends it."""

    def __init__(self, result: ReaderResult, limit: int) -> None:
        self.ended = False
        self.ready = False
        self.nonsense: str | None = None
        self.taken = 0
        self.limit = limit
        self._result = result
        self._rest = b""

    @property
    def wants_more(self) -> bool:
        """Whether more output is to be read."""
        return self.taken <= self.limit and self.nonsense is None

    def take(self, piece: bytes) -> bool:
        """Whether it has got ready with this piece."""
        was_ready = self.ready
        self.taken += len(piece)
        *lines, rest = piece.split(b"\n")
        if lines:
            lines[0] = self._rest + lines[0]
            self._rest = rest
        else:
            self._rest += rest
        for line in lines:
            if not self._take_line(line):
                self.nonsense = one_line(line[:400].decode(errors="replace"), 80)
                break
        return self.ready and not was_ready

    def _take_line(self, line: bytes) -> bool:
        """Whether it is one of ours, in its place."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return False
        match message:
            case {"ready": True}:
                self.ready = True
            case {"unfit": str(why)}:
                self._result.unfit = f"it could not be run: {one_line(why)}"
            case {"item": item} if self.ready:
                self._result.items.append(item)
            case {"error": [str(name), str(message)]} if self.ready:
                self._result.error = (name, message)
            case {"end": True}:
                self.ended = True
            case _:
                return False
        return True


def _why(output: _Output, timeout: _Timeout, code: int) -> str:
    """Why there is no end."""
    if output.nonsense is not None:
        return f"its process printed something other than a result: {output.nonsense!r}"
    if output.taken > output.limit:
        return f"it delivered more than {output.limit:,} bytes, which is more than a stream of this size can hold"
    if timeout.ran_out_s is not None:
        what = "did not finish reading the stream" if output.ready else "was not ready to read"
        return f"it {what} within {timeout.ran_out_s:.3g} s"
    if code < 0:
        return f"its process was ended by signal {-code}"
    return f"its process ended with exit code {code} before the end of the stream"
