"""Proxies, and connections to them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sseprobe.proxy.background import ProxyHost
from tests.support.proxies import Connection, Proxies


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    """Starts proxies: `proxies.start(upstream_url, fault, …)`."""
    with ProxyHost() as host:
        started = Proxies(host)
        try:
            yield started
        finally:
            started.close()


@pytest.fixture
def connect() -> Iterator[Callable[[int], Connection]]:
    """Connects to a port; closed in the end."""
    opened: list[Connection] = []

    def open_connection(port: int) -> Connection:
        opened.append(Connection(port))
        return opened[-1]

    yield open_connection
    for each in opened:
        each.socket.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    """Writes a user's profile, and returns its path."""

    def to_file(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return to_file
