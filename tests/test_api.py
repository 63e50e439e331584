"""The core from Python: in a running loop, without one, cancelled; its options; what it costs to import."""

import asyncio
import inspect
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import sseprobe
from sseprobe import sync
from sseprobe.config.options.groups import PROBES, SHARED, titled_fields
from tests.support.mock import Mock
from tests.support.raw_server import HEAD, Peer, RawServer, transfer_chunk

CHAT = "/v1/chat/completions"
QUICK = {"X-Mock": "tokens=5,itl_ms=1,ttft_ms=1"}
Serve = Callable[[Callable[[Peer], None]], RawServer]
FUNCTIONS = {
    "stream": sseprobe.stream,
    "check": sseprobe.check,
    "abort-test": sseprobe.abort_test,
    "buffer-test": sseprobe.buffer_test,
}


def test_a_running_loop_awaits_it(mock: Mock) -> None:
    async def notebook() -> tuple[sseprobe.Report, sseprobe.Report]:
        awaited = await sseprobe.stream(mock.url + CHAT, headers=QUICK)
        return awaited, sync.stream(mock.url + CHAT, headers=QUICK)

    for report in asyncio.run(notebook()):
        assert (report.verdict, report.exit_code, report.streams[0].metrics.tokens) == ("pass", 0, 5)


def test_an_endpoint_holds_what_calls_share(mock: Mock) -> None:
    endpoint = sseprobe.Endpoint(mock.url + CHAT, headers=QUICK, model="mock/tokens=4")
    assert sync.stream(endpoint).streams[0].metrics.tokens == 5
    assert sync.stream(endpoint, headers={}).streams[0].metrics.tokens == 4


def test_a_body_as_json_and_headers_as_a_mapping(serve: Serve) -> None:
    server = serve(lambda peer: peer.stream(b"data: x\n\n"))
    sync.stream(server.url + "/x", json={"message": "é"}, headers={"X-Tenant": "blue"}, header=["X-More: 1"])
    (peer,) = server.peers
    assert "X-Tenant: blue" in peer.head
    assert "X-More: 1" in peer.head
    assert json.loads(peer.body) == {"message": "é"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"idle_timout": 1}, "idle_timout: not an option of this probe. Did you mean idle_timeout?"),
        ({"quiet": True}, "quiet: an option of the command line"),
        ({"timeout": 0}, "--timeout 0: expected at least 0.001."),
        ({"timeout": float("nan")}, "--timeout nan: expected at least 0.001."),
        ({"timeout": "soon"}, "--timeout 'soon': expected `float`, got `str`."),
        ({"fail_on": "warn"}, "--fail-on warn: expected error, warning or info. Did you mean warning?"),
        ({"json": {}, "data": "{}"}, "json and data both give the body"),
        ({"json": object()}, "json: not serializable as JSON"),
        ({"select": "XYZ"}, "'XYZ'"),
    ],
)
@pytest.mark.parametrize("probe", FUNCTIONS)
def test_wrong_options_are_usage_errors_that_name_the_right_ones(
    probe: str, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(sseprobe.UsageError) as raised:
        asyncio.run(FUNCTIONS[probe]("http://127.0.0.1:9/", **options))
    assert expected in str(raised.value)


def test_what_cannot_be_reached_is_a_report() -> None:
    for probe in FUNCTIONS.values():
        report = asyncio.run(probe("http://127.0.0.1:9/"))
        assert (report.verdict, report.exit_code) == ("fail", 3)
        assert "127.0.0.1" in (report.error or "")


class TestCancelled:
    """A cancelled task yields the report of what was seen."""

    def test_in_mid_stream(self, serve: Serve) -> None:
        def script(peer: Peer) -> None:
            peer.send(HEAD, transfer_chunk(b"data: one\n\n"))
            sent.set()
            peer.wait_for_close()

        sent = threading.Event()
        server = serve(script)

        async def cancel() -> sseprobe.Report:
            task = asyncio.create_task(sseprobe.stream(server.url + "/x", dialect="plain"))
            await asyncio.to_thread(sent.wait)
            task.cancel()
            return await task

        report = asyncio.run(cancel())
        assert (report.verdict, report.exit_code) == ("inconclusive", 130)

    @pytest.mark.parametrize("probe", FUNCTIONS)
    def test_while_it_is_set_up(self, probe: str) -> None:
        async def cancel() -> sseprobe.Report:
            task = asyncio.create_task(FUNCTIONS[probe]())
            await asyncio.sleep(0)  # its first step: the mock is being started
            task.cancel()
            return await task

        report = asyncio.run(cancel())
        assert (report.verdict, report.exit_code, report.streams) == ("inconclusive", 130, [])
        assert report.target.url == "bundled mock"

    def test_a_timeout_of_the_caller_yields_it_too(self) -> None:
        async def timed() -> sseprobe.Report:
            async with asyncio.timeout(0.05):
                return await sseprobe.stream()
            raise AssertionError

        assert asyncio.run(timed()).exit_code == 130


class TestOptions:
    def test_every_probe_has_what_all_share(self) -> None:
        for name, probe in PROBES.items():
            keys = [field.key for _, field in titled_fields(probe, "")]
            assert len(keys) == len(set(keys)), name
            shared = [field.key for group in SHARED.values() for _, field in titled_fields(group, "")]
            assert set(shared) <= set(keys)

    def test_every_option_has_its_help(self) -> None:
        for probe in PROBES.values():
            for _, field in titled_fields(probe, ""):
                assert field.option.help.endswith((".", ")")), field.name


@pytest.mark.parametrize("probe", FUNCTIONS)
def test_the_signature_shows_all_keywords(probe: str) -> None:
    names = list(inspect.signature(FUNCTIONS[probe]).parameters)
    assert names[0] == "target"
    keys = {field.key for _, field in titled_fields(PROBES[probe], "") if field.option.keyword}
    assert {name.rstrip("_") for name in names[1:]} == keys


def test_importing_costs_nothing() -> None:
    code = "import sys, sseprobe; print(sorted(set(sys.modules) & {'httpx', 'msgspec', 'typer', 'asyncio', 'rich'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert set(sseprobe.__all__) <= set(dir(sseprobe))
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        _ = sseprobe.chek
