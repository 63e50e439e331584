"""A client of the abort test: what it tells of, and how it is ended."""

import asyncio
import threading
from collections.abc import Callable

import msgspec
import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import Request
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.client import Client
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.redaction import Redactor
from sseprobe.streams.view import SilentView
from tests.support.raw_server import Peer, RawServer

EVENT = b"data: hello\n\n"
PLAN = StreamPlan(Request("GET", "http://127.0.0.1:9/", []), ConnectOptions(), None, Redactor([]), 1 << 20)


class Stubborn:
    """A stream that is told to end, and does not yet."""

    def __init__(self) -> None:
        self.begun, self.told, self.may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def go(self) -> None:
        """In the place of `StreamRun.go`."""
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.told.set()
            await self.may_end.wait()


@pytest.fixture
def stubborn(monkeypatch: pytest.MonkeyPatch) -> Stubborn:
    stream = Stubborn()
    monkeypatch.setattr(StreamRun, "go", stream.go)
    return stream


def test_ending_a_client_does_not_swallow_ctrl_c(stubborn: Stubborn) -> None:
    async def end(client: Client) -> None:
        await client.end()
        pytest.fail("the cancellation was lost")

    async def interrupted() -> None:
        client = Client(PLAN, lambda: None, SilentView())
        await stubborn.begun.wait()
        ending = asyncio.create_task(end(client))
        await stubborn.told.wait()
        ending.cancel()
        stubborn.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await ending

    asyncio.run(interrupted())


def test_ending_a_client_waits_until_it_has_ended(stubborn: Stubborn) -> None:
    async def ended() -> bool:
        client = Client(PLAN, lambda: None, SilentView())
        await stubborn.begun.wait()
        ending = asyncio.create_task(client.end())
        await stubborn.told.wait()
        assert not ending.done()
        stubborn.may_end.set()
        await ending
        return client.ended_ns is not None

    assert asyncio.run(ended())


@pytest.mark.parametrize(
    ("followed", "leaves", "least", "most"), [(True, False, 3, 99), (True, True, 2, 3), (False, False, 1, 1)]
)
def test_who_is_not_followed_is_heard_of_at_the_end(
    followed: bool, leaves: bool, least: int, most: int, serve: Callable[..., RawServer]
) -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.stream(EVENT)
        go_on.wait(10)
        for _ in range(20):
            peer.stream_more(EVENT)
            if not leaves:  # else what it has not read is its FIN
                peer.until_read()

    async def count(url: str) -> int:
        news: list[int] = []
        plan = msgspec.structs.replace(PLAN, request=Request("GET", url, []))
        client = Client(plan, lambda: news.append(client.deltas), SilentView(), followed=followed)
        while not client.deltas:  # noqa: ASYNC110  who is not followed does not tell
            await asyncio.sleep(0.01)
        if leaves:
            await client.abort(AbortKind.HALF_CLOSE)
        go_on.set()
        while client.ended_ns is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert client.deltas == 21
        return len(news)

    assert least <= asyncio.run(count(serve(script).url)) <= most
