"""`POST /app/chat` over a real socket: its bytes, with each fault; its refusals; and that it stops."""

import json
import re
from typing import Any

import pytest

from mockserver.faults import FAULTS
from tests.support.mock import Mock, RawStream

PATH = "/app/chat"
FAST = "itl_ms=1,ttft_ms=1"
ASK = {"message": "hello there"}
TEXT = "text=Hi é you"
USAGE = b'data: {"usage":{"input":2,"output":3}}\n\n'
DONE = b"data: [DONE]\n\n"
FAILED = b'event: error\ndata: {"message":"the mock failed as configured","code":"server_error"}\n\n'


def token(text: str) -> bytes:
    return b'data: {"token":"%s"}\n\n' % text.encode()


HI, E, YOU = token("Hi"), token(" é"), token(" you")
TOKENS = HI + E + YOU
WHOLE = TOKENS + USAGE + DONE


def ask(mock: Mock, knobs: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
    return mock.ask(PATH, ASK if body is None else body, X_Mock=f"{FAST},{knobs}")


def opened(mock: Mock, knobs: str) -> RawStream:
    return mock.open({**ASK, "model": f"mock/{knobs}"}, PATH)


def chunks_of(received: bytes) -> list[bytes]:
    """The transfer chunks in what has come; no size stands on a line of its own in these bodies."""
    return re.split(rb"(?:^|\r\n)[0-9a-f]+\r\n", received.partition(b"\r\n\r\n")[2])[1:]


# --- the stream


def test_a_whole_stream(mock: Mock) -> None:
    status, headers, body = ask(mock, TEXT)
    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert body == WHOLE
    record = mock.truth(headers["x-mock-id"])
    assert (record["dialect"], record["state"]) == ("app", "completed")
    assert (record["planned_tokens"], record["generated_tokens"], record["sent_tokens"]) == (3, 3, 3)


def test_each_event_goes_out_by_itself(mock: Mock) -> None:
    stream = opened(mock, f"text=Hi%20%C3%A9%20you,{FAST}")
    assert chunks_of(stream.until(b"0\r\n\r\n")) == [HI, E, YOU, USAGE, DONE, b"\r\n"]
    stream.leave("fin")


def test_a_token_is_there_before_the_next_is_made(mock: Mock) -> None:
    stream = opened(mock, "tokens=2,ttft_ms=1,itl_ms=600000")
    assert chunks_of(stream.until(b"}\n\n\r\n"))[0].startswith(b'data: {"token":"')
    assert mock.truth(stream.name)["generated_tokens"] == 1
    stream.leave("fin")


def test_reasoning_comes_first_and_counts(mock: Mock) -> None:
    body = ask(mock, f"{TEXT},reasoning=2")[2]
    before, text, after = body.partition(TOKENS)
    assert re.fullmatch(rb'(data: \{"reasoning":"[^"]+"\}\n\n){2}', before)
    assert (text, after) == (TOKENS, b'data: {"usage":{"input":2,"output":5}}\n\n' + DONE)


def test_it_calls_no_tools_and_gives_one_answer(mock: Mock) -> None:
    tools = [{"type": "function", "function": {"name": "clock"}}]
    assert ask(mock, f"{TEXT},tools=2,citations=2,finish=length", {**ASK, "tools": tools, "n": 2})[2] == WHOLE


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_generation_stops_when_the_client_leaves(mock: Mock, how: str) -> None:
    stream = opened(mock, "tokens=100000,itl_ms=5,ttft_ms=1")
    stream.until(b'"token":" ')
    assert mock.truth(stream.name)["state"] == "running"
    stream.leave(how)
    record = mock.truth_when(stream.name, lambda record: record["state"] != "running")
    assert (record["dialect"], record["state"]) == ("app", "stopped")
    assert record["stopped_at_ms"] >= record["disconnected_at_ms"] > 0
    assert record["tokens_after_disconnect"] <= 2
    assert mock.truth(stream.name)["generated_tokens"] == record["generated_tokens"] < 100_000


# --- the request


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "one two three"}, 3),
        ({"prompt": "one two"}, 2),
        ({"messages": [{"role": "system", "content": "one"}, {"role": "user", "content": [{"text": "two"}]}]}, 2),
        ({"message": None, "prompt": "one", "model": None}, 1),
        ({"message": "one", "prompt": "one two", "messages": "none", "model": "any"}, 1),
    ],
)
def test_what_is_asked_for(body: dict[str, Any], words: int, mock: Mock) -> None:
    status, _, answer = ask(mock, "text=Hi", body)
    assert (status, answer) == (200, HI + b'data: {"usage":{"input":%d,"output":1}}\n\n' % words + DONE)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{broken", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        ([], "JSON object"),
        ({}, "message or prompt"),
        ({"message": None}, "message or prompt"),
        ({"message": ""}, "message"),
        ({"message": 1, "prompt": "hi"}, "message"),
        ({"prompt": ["hi"]}, "prompt"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"messages": {"content": "hi"}}, "messages"),
        ({**ASK, "model": 1}, "model"),
        ({**ASK, "model": "mock/x=1"}, "unknown knob"),
    ],
)
def test_refusals(body: Any, said: str, mock: Mock) -> None:
    status, headers, answer = mock.ask(PATH, body)
    assert (status, headers["content-type"]) == (400, "application/json")
    assert "x-mock-id" not in headers
    refused = json.loads(answer)
    assert (refused.keys(), refused["error"].keys()) == ({"error"}, {"message"})
    assert said in refused["error"]["message"]


def test_knobs_in_the_models_name_the_query_and_the_header(mock: Mock) -> None:
    body = {**ASK, "model": f"mock/text=model,reasoning=1,{FAST}"}
    assert token("model") in mock.ask(PATH, body)[2]
    assert token("query") in mock.ask(f"{PATH}?mock=text=query", body)[2]
    answer = mock.ask(f"{PATH}?mock=text=query", body, X_Mock="text=header")[2]
    assert token("header") in answer
    assert answer.count(b'"reasoning"') == 1  # each knob by itself


def test_knobs_that_are_not_understood(mock: Mock) -> None:
    in_query, in_header = mock.ask(f"{PATH}?mock=x=1", ASK), mock.ask(PATH, ASK, X_Mock="fault=nonsense")
    assert (in_query[0], in_header[0]) == (400, 400)
    assert "unknown knob" in json.loads(in_query[2])["error"]["message"]
    assert "unknown fault" in json.loads(in_header[2])["error"]["message"]


# --- faults


BODIES = {
    "error@2": HI + E + FAILED,
    "error@0": FAILED,
    "error@9": TOKENS + FAILED,
    "truncate@2": HI + E,
    "no-terminator": TOKENS + USAGE,
    "fake-complete@2": HI + E + DONE,
    "malformed@1": HI + E.replace(b"}", b"") + YOU + USAGE + DONE,
    "crlf": WHOLE.replace(b"\n", b"\r\n"),
    "cr": WHOLE.replace(b"\n", b"\r"),
    "bom": b"\xef\xbb\xbf" + WHOLE,
    "bom@2": HI + E + b"\xef\xbb\xbf" + YOU + USAGE + DONE,
    "split-utf8": WHOLE,
    "no-space": WHOLE.replace(b"data: ", b"data:"),
    "multi-data": WHOLE.replace(b"data: {", b"data: {\ndata: "),
    "comments": WHOLE.replace(b"data: ", b": a comment\n\n:and another\ndata: "),
    "data-less-block": WHOLE.replace(b"data: ", b"event: keep-alive\n\ndata: "),
    "id-keepalive": b"".join(
        b"id: %d\n%s: keep-alive\n\n" % (number, each) for number, each in enumerate((HI, E, YOU, USAGE, DONE), 1)
    ),
    "u2028": WHOLE.replace(b'"}', '\u2028\u0085"}'.encode()),
    "no-final-blank-line": WHOLE[:-1],
}


@pytest.mark.parametrize("fault", BODIES)
def test_what_a_fault_makes_of_the_bytes(fault: str, mock: Mock) -> None:
    status, headers, body = ask(mock, f"{TEXT},fault={fault}")
    assert (status, body) == (200, BODIES[fault])
    assert mock.truth(headers["x-mock-id"])["state"] == "completed"


ELSEWHERE = {"error-before", "rate-limit", "slow-first", "whole-first", "cut", "rst", "stall"}


def test_no_fault_is_forgotten() -> None:
    assert {name.partition("@")[0] for name in BODIES} | ELSEWHERE == FAULTS.keys()


def test_transfer_chunks_end_inside_characters(mock: Mock) -> None:
    stream = opened(mock, f"text=Hi%20%C3%A9%20you,fault=split-utf8,{FAST}")
    cut = E.index(b"\xa9")
    assert chunks_of(stream.until(b"0\r\n\r\n"))[1:3] == [E[:cut], E[cut:]]
    stream.leave("fin")


def test_a_cut_has_no_last_transfer_chunk(mock: Mock) -> None:
    stream = opened(mock, f"text=Hi%20%C3%A9%20you,fault=cut@2,{FAST}")
    assert chunks_of(stream.until(b"never")) == [HI, E + b"\r\n"]
    assert mock.truth(stream.name)["state"] == "failed"
    stream.leave("fin")


def test_a_reset_comes_in_the_middle_of_an_event(mock: Mock) -> None:
    stream = opened(mock, f"text=Hi%20%C3%A9%20you,fault=rst@2,{FAST}")
    with pytest.raises(ConnectionResetError):
        stream.until(b"never")
    *whole, half = chunks_of(stream.received)
    assert whole == [HI, E]
    assert half == YOU[: len(YOU) // 2] + b"\r\n"
    record = mock.truth_when(stream.name, lambda record: record["state"] != "running")
    assert (record["state"], record["sent_tokens"]) == ("failed", 2)
    stream.socket.close()


def test_a_stall_sends_nothing_more(mock: Mock) -> None:
    stream = opened(mock, f"text=Hi%20%C3%A9%20you,fault=stall@2,heartbeat_s=0.05,{FAST}")
    stream.until(E + b"\r\n")
    mock.truth_when(stream.name, lambda record: record["generated_tokens"] == 3)
    stream.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        stream.until(b"never")
    assert stream.received.endswith(E + b"\r\n")
    assert mock.truth(stream.name)["state"] == "running"
    stream.leave("fin")
    assert mock.truth_when(stream.name, lambda record: record["state"] != "running")["state"] == "stopped"


def test_a_slow_first_token(mock: Mock) -> None:
    stream = opened(mock, f"tokens=1,fault=slow-first,heartbeat_s=0.05,{FAST}")
    assert chunks_of(stream.until(b": keep-alive\n\n\r\n"))[0].startswith(b": keep-alive\n\n")
    stream.leave("fin")


@pytest.mark.parametrize(
    ("fault", "status", "said"), [("error-before", 500, "server had an error"), ("rate-limit", 429, "Rate limit")]
)
def test_failures_before_the_stream(fault: str, status: int, said: str, mock: Mock) -> None:
    got, headers, body = ask(mock, f"fault={fault}")
    assert (got, headers["content-type"]) == (status, "application/json")
    assert headers.get("retry-after") == ("1" if status == 429 else None)
    failed = json.loads(body)
    assert (failed.keys(), failed["error"].keys()) == ({"error"}, {"message"})
    assert said in failed["error"]["message"]
