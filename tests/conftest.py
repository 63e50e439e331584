"""Fixtures for tests that run the real command line against real sockets."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.cli import Cli
from tests.support.raw_server import Peer, RawServer


@pytest.fixture
def cli() -> Cli:
    """Runs `sseprobe` as a process of its own."""
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
