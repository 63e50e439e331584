"""A client of the abort test: what it tells of, and how it is ended."""

import asyncio

import pytest

from sseprobe.net.options import ConnectOptions
from sseprobe.probes.client import Client
from sseprobe.probes.receiving import StreamPlan, StreamRun
from sseprobe.redaction import Redactor
from sseprobe.transcript import Request

PLAN = StreamPlan(Request("GET", "http://127.0.0.1:9/", []), ConnectOptions(), None, Redactor([]), 1 << 20)


@pytest.fixture
def stubborn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams take a moment to end."""

    async def go(_run: StreamRun) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.2)

    monkeypatch.setattr(StreamRun, "go", go)


@pytest.mark.usefixtures("stubborn")
def test_ending_a_client_does_not_swallow_ctrl_c() -> None:
    async def end(client: Client) -> None:
        await client.end()
        pytest.fail("the cancellation was lost")

    async def interrupted() -> None:
        client = Client(PLAN, lambda: None)
        await asyncio.sleep(0.01)
        ending = asyncio.create_task(end(client))
        await asyncio.sleep(0.05)
        ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending

    asyncio.run(interrupted())


@pytest.mark.usefixtures("stubborn")
def test_ending_a_client_waits_until_it_has_ended() -> None:
    async def ended() -> bool:
        client = Client(PLAN, lambda: None)
        await asyncio.sleep(0.01)
        await client.end()
        return client.ended_ns is not None

    assert asyncio.run(ended())
