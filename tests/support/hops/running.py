"""Runs a real server as a process of our own: an own folder, an own port, in the foreground, ended by its group."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.processes import free_port

_START_S: Final = 60
_STOP_S: Final = 10
IDLE_S: Final = 2
"""The idle timeout that every hop is told to have."""


@dataclass(frozen=True)
class Setup:
    """Where a server shall run, and before whom. `config`: a name of the server's configurations."""

    folder: Path
    port: int
    origin: int
    config: str

    @property
    def is_root(self) -> bool:
        """Whether a server that refuses to serve as root must be told whom to become."""
        return os.geteuid() == 0


@dataclass(frozen=True)
class Server:
    """A program that is installed, or not. `package`: Debian's name of it.

    `files`: its configuration; `command`: how it is run in the foreground. `configs`: what can be asked of it.
    """

    name: str
    package: str
    program: str
    asks_version: tuple[str, ...]
    configs: tuple[str, ...]
    files: Callable[[Setup], Mapping[str, str]]
    command: Callable[[Setup], list[str]]
    environment: Callable[[Setup], Mapping[str, str]] = field(default=lambda _: {})

    @property
    def path(self) -> str | None:
        """The program's file; None if it is missing. Servers lie where ordinary users do not look."""
        return shutil.which(self.program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

    def version(self) -> str:
        """As it says itself: `1.22.1`."""
        assert self.path is not None
        said = subprocess.run([self.path, *self.asks_version], capture_output=True, text=True, check=False, timeout=20)
        found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
        assert found, f"{self.name} does not tell its version"
        return found[0]

    @contextlib.contextmanager
    def running(self, config: str, origin: int) -> Iterator[int]:
        """Runs until the block is over; its port."""
        with tempfile.TemporaryDirectory(prefix=f"hop-{self.name}-", ignore_cleanup_errors=True) as folder:
            setup = Setup(Path(folder), free_port(), origin, config)
            setup.folder.chmod(0o755)  # for those that become another user
            for name, text in self.files(setup).items():
                (setup.folder / name).write_text(text)
            with (setup.folder / "said").open("wb") as said:
                process = subprocess.Popen(
                    [self.path or self.program, *self.command(setup)],
                    cwd=folder,
                    env={**os.environ, **self.environment(setup)},
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            try:
                _wait_for(process, setup)
                yield setup.port
            finally:
                _stop(process)


def _wait_for(process: subprocess.Popen[bytes], setup: Setup) -> None:
    """Returns when it takes connections."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", setup.port)):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = process.wait(timeout=0.02)
            raise AssertionError(f"ended with {status}: {(setup.folder / 'said').read_text(errors='replace')[-2000:]}")
    raise AssertionError(
        f"nobody listens on {setup.port}: {(setup.folder / 'said').read_text(errors='replace')[-2000:]}"
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
