"""The embedded default: the bundled mock in a process of its own, which cannot outlive this one.

The mock holds the reading end of a pipe; when this process ends, however it ends, the pipe closes and the mock leaves.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from sseprobe.errors import SseprobeError

_START_LIMIT_S: Final = 20.0
# Our own package, from where this one is installed: nothing of the user's folder (-P), nor of what PYTHONPATH names,
# comes before what is installed. It may hold a package of the same name, or a `uvicorn.py`.
_START: Final = """
import os, runpy, sys
home = sys.argv.pop(1)
users = {os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path}
late = [path for path in sys.path if os.path.abspath(path) in users]
sys.path[:] = [home, *(path for path in sys.path if path not in late), *late]
runpy.run_module("mockserver", run_name="__main__", alter_sys=True)
"""


class StartLine(msgspec.Struct, frozen=True):
    """What the mock says when it is ready."""

    url: str
    port: int
    truth_url: str


def command(**settings: Any) -> list[str]:
    """The command line that starts the mock with these settings."""
    home = str(Path(__file__).resolve().parents[1])
    return [sys.executable, "-P", "-c", _START, home, msgspec.json.encode(settings).decode()]


class RunningMock:
    """A mock that runs for this process. `url`, `port`, `truth_url`: as it says when it is ready."""

    def __init__(self, said: StartLine, process: "subprocess.Popen[bytes]") -> None:
        self.url, self.port, self.truth_url = said.url, said.port, said.truth_url
        self._process = process

    def call_off(self) -> None:
        """Ends what it still generates, for whomever."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            os.write(self._process.stdin.fileno(), b"\n")


@contextlib.contextmanager
def running_mock(port: int = 0, **settings: Any) -> Iterator[RunningMock]:
    """Runs the mock on a loopback port, 0 for a free one, for as long as the block lasts.

    Raises SseprobeError if it does not come up.
    """
    process = subprocess.Popen(  # noqa: S603  our own interpreter, our own module
        command(port=port, json=True, with_parent=True, **settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=os.name == "posix",  # Ctrl-C in the terminal is ours to handle
    )
    try:
        yield RunningMock(_wait(process), process)
    finally:
        process.kill()
        process.communicate()


def _wait(process: "subprocess.Popen[bytes]") -> StartLine:
    assert process.stdout is not None
    assert process.stderr is not None
    impatience = threading.Timer(_START_LIMIT_S, process.kill)
    impatience.start()
    try:
        line = process.stdout.readline()
    finally:
        impatience.cancel()
    try:
        return msgspec.json.decode(line, type=StartLine)
    except msgspec.DecodeError as error:
        process.kill()
        said = process.stderr.read().decode(errors="replace").strip().splitlines()
        raise SseprobeError(
            f"the bundled mock did not start within {_START_LIMIT_S:g} s ({said[-1] if said else 'it said nothing'}). "
            "Start it by hand to see more: sseprobe mock."
        ) from error
