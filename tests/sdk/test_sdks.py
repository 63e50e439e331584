"""The official SDKs, as they are, against the mock; and our decoders against the SDKs' on the same bytes."""

import json
import urllib.request
from collections.abc import Callable
from contextlib import closing

import pytest

from sseprobe import dialects
from sseprobe.dialects.base import DeltaKind
from sseprobe.sse.framing import CONTENT_TYPES
from tests.support.decoding import decode_body, joined, only
from tests.support.mock import Mock
from tests.support.raw_server import Peer, RawServer
from tests.support.requirements import missing
from tests.support.sdks import SDKS, collected

FAST = "itl_ms=1,ttft_ms=1"
Serve = Callable[..., RawServer]


@pytest.fixture(autouse=True)
def _installed(request: pytest.FixtureRequest) -> None:
    """Skips what is not installed; in continuous integration everything must be."""
    sdk = SDKS[request.getfixturevalue("name")]
    if sdk.version() is None:
        where = "npm install in tests/sdk/node" if sdk.node else "pip install -e '.[sdk-tests]'"
        missing(f"{sdk.package} is not installed: {where}")


NAMES = pytest.mark.parametrize("name", SDKS)
FINISH = {"openai-responses": "completed", "anthropic": "end_turn", "gemini": "STOP", "cohere": "COMPLETE",
          "ag-ui": "success"}  # fmt: skip
TOOL_FINISH = {**FINISH, "anthropic": "tool_use", "cohere": "TOOL_CALL", "openai-chat": "tool_calls",
               "mistral": "tool_calls", "vercel-ui": "tool-calls"}  # fmt: skip


@NAMES
def test_text_usage_and_finish(name: str, mock: Mock) -> None:
    sdk = SDKS[name]
    found = collected(sdk.stream(mock.url, f"text=Hello big caf%C3%A9,{FAST}", False))
    assert found == {
        ("text", 0): "Hello big café",
        ("usage", None): "3",
        ("finish", 0): FINISH.get(sdk.dialect, "stop"),
    }


@NAMES
def test_reasoning_and_tools(name: str, mock: Mock) -> None:
    sdk = SDKS[name]
    if not sdk.reasons:
        return
    knobs = f"reasoning=3,{FAST}" if sdk.offers_tools else f"reasoning=3,tools=2,{FAST}"
    found = collected(sdk.stream(mock.url, knobs, sdk.offers_tools))
    assert len(found.pop(("reasoning", 0)).split()) == 3
    calls = [place for kind, place in found if kind == "name"]
    names = [found["name", place] for place in calls]
    assert names == (["f", "g"] if sdk.offers_tools else ["get_weather", "get_time"])
    for place in calls:
        assert isinstance(json.loads(found["arguments", place]), dict)
    assert found["finish", 0] == TOOL_FINISH.get(sdk.dialect, "stop")
    assert ("text", 0) not in found


# The SDK's own exception for an error in mid-stream; None: it has none, and hands it over as an ordinary event.
IN_BAND = {
    "openai chat": "openai.APIError",
    "openai completions": "openai.APIError",
    "openai responses": None,
    "anthropic": "anthropic.APIStatusError",
    "google-genai": "google.genai.errors.ServerError",
    "cohere": None,
    "mistralai": None,
    "ollama": "ollama.ResponseError",
    "ai": "Error",
    "@ag-ui/client": "RUN_ERROR",
}


@NAMES
def test_an_in_band_error(name: str, mock: Mock) -> None:
    wanted = IN_BAND[name]
    parts = SDKS[name].stream(mock.url, f"tokens=9,fault=error@3,{FAST}", False)
    if wanted is None:
        assert len(collected(parts)["text", 0].split()) == 3
        return
    with pytest.raises(Exception) as raised:
        collected(parts)
    named = [f"{each.__module__.partition('.')[0]}.{each.__name__}" for each in type(raised.value).__mro__]
    said = getattr(raised.value, "name", "")
    short = wanted.partition(".")[0] + "." + wanted.rpartition(".")[2]
    assert short in named or wanted == said, (named, said)


@NAMES
@pytest.mark.parametrize("fault", ["error-before", "rate-limit"])
def test_errors_before_the_stream_raise(name: str, fault: str, mock: Mock) -> None:
    with pytest.raises(Exception) as raised:
        collected(SDKS[name].stream(mock.url, f"fault={fault}", False))
    assert not isinstance(raised.value, AssertionError | KeyError | AttributeError)


@NAMES
def test_closing_in_mid_stream_stops_the_mock(name: str, mock: Mock) -> None:
    sdk = SDKS[name]
    with closing(sdk.stream(mock.url, "tokens=100000,itl_ms=5,ttft_ms=1", False)) as parts:  # type: ignore[type-var]  # all are generators
        for kind, _, text in parts:
            if kind == "text" and text:
                break
        record = mock.truths()[-1]
        assert (record["dialect"], record["state"]) == (sdk.dialect, "running")
    record = mock.truth_when(record["id"], lambda record: record["state"] != "running")
    assert record["state"] == "stopped"
    # As many as fit between the client's close and its packet's arrival, and no more.
    assert record["tokens_after_disconnect"] <= 2


@NAMES
@pytest.mark.parametrize("knobs", ["tokens=40,seed=4", "tokens=30,seed=5,reasoning=9", "tools=3,reasoning=2,seed=6"])
def test_our_decoding_agrees_with_the_sdks(name: str, knobs: str, mock: Mock, serve: Serve) -> None:
    """The SDK reads the very bytes that we read, text for text, call for call."""
    sdk = SDKS[name]
    if not sdk.reasons and "tools" in knobs:
        return
    body = body_of(mock, sdk.dialect, f"{knobs},{FAST}")
    content_type = CONTENT_TYPES[dialects.by_name(sdk.dialect).framing]

    def script(peer: Peer) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        cors = "x-vercel-ai-ui-message-stream: v1\r\nConnection: close\r\n\r\n"
        peer.send((head + cors).encode(), body)

    theirs = collected(sdk.stream(serve(script).url, "", False))
    deltas = decode_body(sdk.dialect, body)
    ours = joined(deltas)
    for kind, label in ((DeltaKind.TEXT, "text"), (DeltaKind.REASONING, "reasoning")):
        assert {c: t for (k, c, _), t in ours.items() if k is kind} == {
            c: t for (k, c), t in theirs.items() if k == label
        }
    their_calls = [
        (theirs["name", place], json.loads(theirs["arguments", place])) for k, place in theirs if k == "name"
    ]
    our_calls = [text.partition("(") for (kind, _, _), text in ours.items() if kind is DeltaKind.TOOL_CALL]
    assert [(called, json.loads(arguments)) for called, _, arguments in our_calls] == their_calls
    assert theirs.get(("usage", None)) == str([d.output_tokens for d in only(deltas, DeltaKind.USAGE)][-1])
    assert theirs["finish", 0] == only(deltas, DeltaKind.FINISH)[-1].text
    assert ours


def body_of(mock: Mock, dialect: str, knobs: str) -> bytes:
    """The mock's answer to the request that sseprobe makes."""
    build = dialects.by_name(dialect).request
    assert build is not None
    asked = build(f"{mock.url}{dialects.by_name(dialect).path}", "hi there", None)
    request = urllib.request.Request(asked.url, asked.body, dict(asked.headers) | {"X-Mock": knobs})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body
