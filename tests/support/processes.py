"""Servers as processes of their own: each prints a line of JSON that says where it is, and is ended by its id."""

import contextlib
import json
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.cli import environment

_START_S = 60
ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def started(*words: str, env: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Runs `python WORDS` until the block is over; what its first line says, and its process id as `pid`."""
    with started_program(sys.executable, *words, env=env) as told:
        yield told


@contextlib.contextmanager
def started_program(*words: str, env: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """The same for any program."""
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**environment(**(env or {})), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{' '.join(words)} ended with {process.wait()} and said nothing"
        told: dict[str, Any] = json.loads(line)
        if told["url"].startswith("http:"):
            wait_for(told["url"])
        yield {**told, "pid": process.pid}
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def mock_in_mode(mode: str, scenario: str, env: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """The mock in a mode, with its truth on a port of its own."""
    settings = {"json": True, "mode": mode, "scenario": scenario, "truth_port": 0}
    with started("-m", "mockserver", json.dumps(settings), env=env) as told:
        yield told


def free_port() -> int:
    """A port that nobody uses, out of the range from which connections take theirs: it will still be free later."""
    while True:
        port = random.randint(10_240, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_for(url: str) -> None:
    """Returns when somebody answers there, whatever."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            continue
        return
    raise AssertionError(f"nobody answers at {url}")


def children_of(pid: int) -> set[int]:
    """The processes that a process has started and that still run; empty where the system does not say."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return set(map(int, path.read_text().split())) if path.exists() else set()
