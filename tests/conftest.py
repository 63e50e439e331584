"""Fixtures for tests that run the real command line against real sockets."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.mock import Mock
from tests.support.raw_server import Peer, RawServer
from tests.support.takes import Recorder

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell; commands would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` asks one of other people's clients: each is a process, and all have their tests in tests/readers."""
    monkeypatch.setattr("sseprobe.readers.run.NAMES", ("httpx-sse",))


@pytest.fixture
def cli(one_reader: None) -> Cli:
    """Runs `sseprobe`. As a process of its own it asks all readers."""
    return Cli()


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Starts servers that run a script per connection; a script that fails fails the test."""
    servers: list[RawServer] = []
    with ExitStack() as cleanup:

        def start(script: Callable[[Peer], None], **options: object) -> RawServer:
            server = cleanup.enter_context(RawServer(script, **options))  # type: ignore[arg-type]
            servers.append(server)
            return server

        yield start
    assert [failure for server in servers for failure in server.failures] == []


@pytest.fixture(scope="session")
def mock() -> Iterator[Mock]:
    """A mock with default settings; its records are told apart by `X-Mock-Id`."""
    words = [sys.executable, "-m", "mockserver", json.dumps({"json": True, "truth_port": 0})]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    yield Mock(line["url"], line["truth_url"])
    process.terminate()
    process.wait(timeout=20)
    process.stdout.close()


@pytest.fixture(scope="session")
def recorder(mock: Mock) -> Recorder:
    """Records takes from the mock, and keeps them."""
    return Recorder(mock.url)
