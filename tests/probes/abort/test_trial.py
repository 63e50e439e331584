"""Which control clients of a trial failed."""

import asyncio
from collections.abc import Callable

import pytest

from sseprobe.config.options.connection import ConnectOptions
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


@pytest.mark.parametrize(("truncated", "failures"), [(False, []), (True, ["truncated"])])
def test_streams_that_we_ended_did_not_fail(
    truncated: bool, failures: list[str], serve: Callable[..., RawServer]
) -> None:
    def script(peer: Peer) -> None:
        peer.stream(EVENT)
        if not truncated:
            peer.wait_for_close()

    async def control(url: str) -> list[str]:
        plan = StreamPlan(Request("GET", url, []), ConnectOptions(), None, Redactor(), 1 << 20)
        news = asyncio.Event()
        client = Client(plan, news.set, SilentView(), followed=True)
        while not client.deltas or (truncated and client.ended_ns is None):
            await news.wait()
            news.clear()
        await client.end()
        trial = Trial(AbortKind.FIN, phases.parse(phases.MID_STREAM))
        trial.control_clients = [client]
        return [failure.partition(":")[0] for failure in trial.control_failures]

    assert asyncio.run(control(serve(script).url)) == failures


@pytest.mark.parametrize(("with_mark", "failures"), [(0, []), (1, []), (2, ["truncated"])])
def test_an_apps_stream_is_truncated_if_two_others_have_an_end_mark(
    with_mark: int, failures: list[str], serve: Callable[..., RawServer]
) -> None:
    asked = iter([True] * with_mark + [False])

    def script(peer: Peer) -> None:
        peer.stream(EVENT, *([b"data: [DONE]\n\n"] if next(asked) else []))
        peer.send(LAST_CHUNK)

    async def control(url: str) -> list[str]:
        plan = StreamPlan(Request("GET", url, []), ConnectOptions(), None, Redactor(), 1 << 20)
        news = asyncio.Event()
        trial = Trial(AbortKind.FIN, phases.parse(phases.MID_STREAM))
        for _ in range(with_mark + 1):
            client = Client(plan, news.set, SilentView())
            trial.control_clients.append(client)
            while client.ended_ns is None:
                await news.wait()
                news.clear()
        return [failure.partition(":")[0] for failure in trial.control_failures]

    assert asyncio.run(control(serve(script).url)) == failures
