"""A trial's own account of its streams."""

import asyncio
from collections.abc import Callable

import pytest

from sseprobe.config.connection import ConnectOptions
from sseprobe.http_exchange import Request
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.client import Client
from sseprobe.probes.abort.trial import Trial
from sseprobe.probes.receive import StreamPlan
from sseprobe.redaction import Redactor
from sseprobe.streams.view import SilentView
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer

EVENT = b"data: hello\n\n"


@pytest.mark.parametrize(("truncated", "hurt"), [(False, []), (True, ["truncated"])])
def test_streams_that_we_ended_are_not_hurt(truncated: bool, hurt: list[str], serve: Callable[..., RawServer]) -> None:
    def script(peer: Peer) -> None:
        peer.stream(EVENT)
        if not truncated:
            peer.wait_for_close()

    async def beside(url: str) -> list[str]:
        plan = StreamPlan(Request("GET", url, []), ConnectOptions(), None, Redactor(), 1 << 20)
        news = asyncio.Event()
        client = Client(plan, news.set, SilentView(), followed=True)
        while not client.deltas or (truncated and client.ended_ns is None):
            await news.wait()
            news.clear()
        await client.end()
        trial = Trial(AbortKind.FIN, phases.parse(phases.MID_STREAM))
        trial.stayers = [client]
        return [said.partition(":")[0] for said in trial.hurt]

    assert asyncio.run(beside(serve(script).url)) == hurt


@pytest.mark.parametrize(("whole", "hurt"), [(0, []), (1, []), (2, ["truncated"])])
def test_an_apps_stream_is_hurt_if_two_others_have_an_end_mark(
    whole: int, hurt: list[str], serve: Callable[..., RawServer]
) -> None:
    asked = iter([True] * whole + [False])

    def script(peer: Peer) -> None:
        peer.stream(EVENT, *([b"data: [DONE]\n\n"] if next(asked) else []))
        peer.send(LAST_CHUNK)

    async def beside(url: str) -> list[str]:
        plan = StreamPlan(Request("GET", url, []), ConnectOptions(), None, Redactor(), 1 << 20)
        news = asyncio.Event()
        trial = Trial(AbortKind.FIN, phases.parse(phases.MID_STREAM))
        for _ in range(whole + 1):
            client = Client(plan, news.set, SilentView())
            trial.stayers.append(client)
            while client.ended_ns is None:
                await news.wait()
                news.clear()
        return [said.partition(":")[0] for said in trial.hurt]

    assert asyncio.run(beside(serve(script).url)) == hurt
