"""The bundled mock in a process of its own, which ends with this one.

The mock holds the reading end of a pipe: when this process ends, even if killed, the pipe closes and the mock ends.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from sseprobe.errors import SseprobeError

_START_LIMIT_S: Final = 20.0
# The mock is imported from where this package is installed. The working directory (-P) and PYTHONPATH come after the
# installed packages: they may hold a `mockserver` or a `uvicorn.py` of the user.
_START: Final = """
import os, runpy, sys
home = sys.argv.pop(1)
users = {os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path}
of_user = [path for path in sys.path if os.path.abspath(path) in users]
sys.path[:] = [home, *(path for path in sys.path if path not in of_user), *of_user]
runpy.run_module("mockserver", run_name="__main__", alter_sys=True)
"""


class StartLine(msgspec.Struct, frozen=True):
    """The line that the mock prints when it is ready."""

    url: str
    port: int
    truth_url: str


def command(**settings: Any) -> list[str]:
    """The command line that starts the mock with these settings."""
    home = str(Path(__file__).resolve().parents[1])
    return [sys.executable, "-P", "-c", _START, home, msgspec.json.encode(settings).decode()]


class MockProcess:
    """The mock, started on a loopback port; 0 takes a free one. `settings`: of the mock.

    `url`, `port`, `truth_url`: known once it is ready.
    """

    def __init__(self, port: int = 0, **settings: Any) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter, our own module
            command(port=port, json=True, with_parent=True, **settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=os.name == "posix",  # Ctrl-C is handled by this process
        )
        self.url = self.truth_url = ""
        self.port = port

    def wait_ready(self) -> None:
        """Blocks until it serves. Raises SseprobeError if it does not start in time, or ends before."""
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        limit = threading.Timer(_START_LIMIT_S, process.kill)
        limit.start()
        try:
            line = process.stdout.readline()
        finally:
            limit.cancel()
        try:
            ready = msgspec.json.decode(line, type=StartLine)
        except msgspec.DecodeError as error:
            process.kill()
            last = process.stderr.read().decode(errors="replace").strip().splitlines()[-1:]
            raise SseprobeError(
                f"the bundled mock did not start within {_START_LIMIT_S:g} s ({''.join(last) or 'no output'}). "
                "Run `sseprobe mock` to see its output."
            ) from error
        self.url, self.port, self.truth_url = ready.url, ready.port, ready.truth_url

    def end_generations(self) -> None:
        """Ends all running generations."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            os.write(self._process.stdin.fileno(), b"\n")

    def kill(self) -> None:
        """Ends the process. Wakes a `wait_ready` in another thread."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Ends the process and closes its pipes."""
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def running_mock(port: int = 0, **settings: Any) -> Iterator[MockProcess]:
    """Runs the mock for as long as the block lasts. Raises SseprobeError if it does not start."""
    mock = MockProcess(port, **settings)
    try:
        mock.wait_ready()
        yield mock
    finally:
        mock.close()


@contextlib.asynccontextmanager
async def running_mock_async(**settings: Any) -> AsyncIterator[MockProcess]:
    """Like `running_mock`, without blocking the loop. Cancelled during the start, it ends the mock at once."""
    mock = MockProcess(**settings)
    waiting = asyncio.ensure_future(asyncio.to_thread(mock.wait_ready))
    try:
        await asyncio.wait([waiting])  # cancelled here, it leaves the thread alone
        waiting.result()
        yield mock
    finally:
        mock.kill()
        await asyncio.wait([waiting])  # its thread reads from the pipes
        waiting.exception()  # it may have failed since the mock was killed
        mock.close()
