"""Runs the command line as users do: as a process, with pipes, in an environment without surprises."""

import json
import os
import subprocess
import sys
from typing import Any

COMMAND = [sys.executable, "-m", "sseprobe"]
_KEEP = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "SYSTEMROOT")
UNCOVERED = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
"""For a command whose time or memory is what is tested: counting lines takes ten times as long."""


def environment(**extra: str) -> dict[str, str]:
    """What the command may know of this machine: no proxies, no colours, no keys."""
    return {**{name: os.environ[name] for name in _KEEP if name in os.environ}, **extra}


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
    """`cli("stream", url)` runs `sseprobe stream URL` to its end."""

    def __call__(
        self, *words: str, env: dict[str, str] | None = None, stdin: bytes = b"", timeout: float = 45
    ) -> Result:
        """Runs the command; `env` adds to its environment."""
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
        """Starts the command and returns at once."""
        pipe = subprocess.PIPE
        return subprocess.Popen([*COMMAND, *words], env=environment(**env), stdin=pipe, stdout=pipe, stderr=pipe)
