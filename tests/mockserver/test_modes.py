"""The modes: what each app does when its client leaves, told by the generating side. Nothing here waits for a time."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from mockserver.modes import MODES
from tests.support.mock import Mock, RawStream

TOKENS = 120
BODY = {"model": f"mock/tokens={TOKENS},itl_ms=5,ttft_ms=10", "stream": True,
        "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
LEAKS = [name for name in MODES if name.startswith("leak-")]
Start = Callable[[str], Mock]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Mocks by mode, each started once."""
    started: dict[str, Mock] = {}
    with ExitStack() as cleanup:

        def get(mode: str) -> Mock:
            if mode not in started:
                words = [sys.executable, "-m", "mockserver", json.dumps({"json": True, "mode": mode})]
                process = cleanup.enter_context(
                    subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                )
                cleanup.callback(process.terminate)
                assert process.stdout is not None
                line: dict[str, Any] = json.loads(process.stdout.readline())
                assert line["mode"] == mode
                started[mode] = Mock(line["url"], line["truth_url"])
            return started[mode]

        yield get


def texts(body: bytes) -> int:
    return len(re.findall(rb'"content":"[^"]', body))


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "relay"])
def test_who_stays_gets_everything(mode: str, start: Start) -> None:
    mock = start(mode)
    status, headers, body = mock.post({**BODY, "stream_options": {"include_usage": True}})
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert texts(body) == TOKENS
    assert f'"completion_tokens":{TOKENS}'.encode() in body
    assert body.endswith(b"data: [DONE]\n\n")
    record = mock.truth_when(headers["x-mock-id"], lambda record: record["state"] != "running")
    assert (record["state"], record["generated_tokens"], record["sent_tokens"]) == ("completed", TOKENS, TOKENS)
    assert record["tokens_after_disconnect"] == 0
    assert mock.get("/healthz")[0] == 200
    assert b"<title>" in mock.get("/")[2]


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("mode", [*LEAKS, "resumable"])
def test_leaks_go_on_to_the_end(mode: str, how: str, start: Start) -> None:
    mock = start(mode)
    stream = mock.open(BODY)
    name = stream.name
    while texts(stream.received) < 5:
        stream.received += stream.socket.recv(4096)
    stream.leave(how)
    record = mock.truth_when(name, lambda record: record["state"] != "running")
    assert (record["state"], record["generated_tokens"]) == ("completed", TOKENS)
    assert record["disconnected_at_ms"] is not None
    assert record["tokens_after_disconnect"] > 10  # of about 115; the rest is for a busy machine


def test_a_swallowed_cancellation_is_a_burst(start: Start) -> None:
    mock = start("leak-swallow")
    stream = mock.open({**BODY, "model": "mock/tokens=2000,itl_ms=50,ttft_ms=1"})
    name = stream.name
    stream.until(b'"content":" ')
    stream.leave("fin")
    record = mock.truth_when(name, lambda record: record["state"] != "running")
    assert record["generated_tokens"] == 2000  # which would have taken 100 s
    assert record["stopped_at_ms"] < 50_000


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("mode", ["good", "slow-handler"])
def test_the_others_stop(mode: str, how: str, start: Start) -> None:
    mock = start(mode)
    stream = mock.open({**BODY, "model": "mock/tokens=100000,itl_ms=10,ttft_ms=10"})
    name = stream.name
    stream.until(b'"content":" ')
    stream.leave(how)
    record = mock.truth_when(name, lambda record: record["state"] != "running")
    assert record["state"] == "stopped"
    assert record["tokens_after_disconnect"] <= 5


def test_a_slow_handler_is_deaf_until_the_first_token(start: Start) -> None:
    for mode, ttft_ms, deaf in (("good", 20_000, False), ("slow-handler", 400, True)):
        mock = start(mode)
        known = {record["id"] for record in mock.truths()}
        stream = mock.open({**BODY, "model": f"mock/tokens=1000,itl_ms=10,ttft_ms={ttft_ms}"})
        while not (new := [record for record in mock.truths() if record["id"] not in known]):
            pass
        stream.leave("fin")
        record = mock.truth_when(new[0]["id"], lambda record: record["state"] != "running")
        assert (record["state"], record["generated_tokens"] >= 1) == ("stopped", deaf)
        assert (record["stopped_at_ms"] >= ttft_ms) == deaf


def test_a_resumable_stream_is_resumed(start: Start) -> None:
    mock = start("resumable")
    stream = mock.open(BODY)
    name = stream.name
    stream.until(b"id: 5\n")
    stream.leave("fin")
    seen = [int(number) for number in re.findall(rb"^id: (\d+)$", stream.received, re.MULTILINE)]
    status, _, rest = mock.get(f"/v1/streams/{name}", Last_Event_ID=str(seen[-1]))
    assert status == 200
    again = [int(number) for number in re.findall(rb"^id: (\d+)$", rest, re.MULTILINE)]
    assert again == list(range(seen[-1] + 1, TOKENS + 4))  # the role, the finish and [DONE]
    assert rest.endswith(b"data: [DONE]\n\n")
    assert mock.get("/v1/streams/m999")[0] == 404


def test_a_frozen_loop_still_tells_the_truth(start: Start) -> None:
    mock = start("leak-blocking-loop")
    stream: RawStream = mock.open({**BODY, "model": "mock/tokens=400,itl_ms=10,ttft_ms=1"})
    name = stream.name
    stream.until(b'"content":" ')
    assert mock.truth(name)["state"] == "running"  # from the thread of its own
    stream.leave("fin")
    mock.truth_when(name, lambda record: record["state"] != "running")


@pytest.mark.parametrize("mode", LEAKS)
def test_modes_refuse_and_fail_as_the_api_does(mode: str, start: Start) -> None:
    mock = start(mode)
    bodies: list[Any] = [b"{", [], {}, {"model": "mock/x=1", "messages": [{}]}]
    for body in bodies:
        assert mock.post(body)[0] == 400
    assert mock.post({**BODY, "model": "mock/fault=rate-limit"})[0] == 429
    assert mock.get("/nothing")[0] == 404
