"""Runs the command line: in this process, which is quick, or as users do, as a process of its own, with pipes."""

import gc
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from sseprobe.__main__ import main

COMMAND = [sys.executable, "-m", "sseprobe"]
_KEEP = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "SYSTEMROOT")
UNCOVERED = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
"""For a command whose time or memory is what is tested: counting lines takes ten times as long."""


def environment(**extra: str) -> dict[str, str]:
    """What the command may know of this machine: no proxies, no colours, no keys."""
    return {**{name: os.environ[name] for name in _KEEP if name in os.environ}, **extra}


with patch.dict(os.environ, environment(), clear=True):
    import typer.rich_utils  # noqa: F401  it settles whether colours are forced when it is imported


class Result:
    """What a finished command left."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.raw_out = out
        self.out = out.decode(errors="replace")
        self.err = err.decode()

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report on standard output."""
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded

    def __repr__(self) -> str:
        """For failing assertions."""
        return f"Result({self.code})\n--- out\n{self.out[-3000:]}\n--- err\n{self.err[-3000:]}"


class Cli:
    """`cli("stream", url)` runs `sseprobe stream URL` to its end.

    It runs in this process: the same words, the same door, the same sockets; the start of a process costs more than
    most commands. What concerns the process itself (signals, pipes, standard input, descriptors, memory, the
    environment that is read at imports) is tested with `process` and `start`; so is `mock`, which becomes another.
    """

    def __call__(self, *words: str, env: dict[str, str] | None = None) -> Result:
        """Runs the command in this process, with nothing on standard input; `env` adds to its environment."""
        with _as_the_command(words, environment(**(env or {}))) as (out, err):
            with pytest.raises(SystemExit) as exit_:
                main()
            assert isinstance(exit_.value.code, int)
            return Result(exit_.value.code, out.getvalue(), err.getvalue())

    def process(
        self, *words: str, env: dict[str, str] | None = None, stdin: bytes = b"", timeout: float = 45
    ) -> Result:
        """Runs the command as a process of its own."""
        done = subprocess.run(
            [*COMMAND, *words],
            input=stdin,
            capture_output=True,
            timeout=timeout,
            env=environment(**(env or {})),
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **env: str) -> "subprocess.Popen[bytes]":
        """Starts the command as a process of its own, and returns at once."""
        pipe = subprocess.PIPE
        return subprocess.Popen([*COMMAND, *words], env=environment(**env), stdin=pipe, stdout=pipe, stderr=pipe)


@contextmanager
def _as_the_command(words: tuple[str, ...], env: dict[str, str]) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """While the block lasts, this process has the words, environment and streams of the command; what was written."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    out, err = io.BytesIO(), io.BytesIO()
    stdin, stdout, stderr = (io.TextIOWrapper(each, "utf-8", write_through=True) for each in (io.BytesIO(), out, err))
    try:
        with (
            patch.multiple(
                sys, argv=["sseprobe", *words], stdin=stdin, stdout=stdout, stderr=stderr, __stdout__=stdout
            ),
            patch.dict(os.environ, env, clear=True),
        ):
            yield out, err
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        gc.enable()  # a command that will end soon may have switched it off
