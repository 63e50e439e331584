"""Decoding an event's data into deltas, beside the vendor SDK's decoding of the same data: `python -m benchmarks.decoding`.

From the text of `data` to typed values on both sides: no sockets, no framing. Rounds alternate, and the best counts. The
bodies are the mock's, whose events the SDKs' tests accept.
"""

import gc
import json
import time
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final, NamedTuple

from sseprobe import dialects
from sseprobe.dialects.base import payload
from sseprobe.mock_process import running_mock
from sseprobe.sse import Event
from sseprobe.sse.framing import new_parser

TOKENS: Final = 3000
ROUNDS: Final = 7
_KNOBS: Final = f"tokens={TOKENS},itl_ms=0,ttft_ms=0"

Decode = Callable[[str], Any]


def _openai(name: str) -> Decode:
    import openai.types.chat
    import openai.types.responses
    from openai._models import construct_type

    kinds: Any = {
        "openai-chat": openai.types.chat.ChatCompletionChunk,
        "openai-completions": openai.types.Completion,
        "openai-responses": openai.types.responses.ResponseStreamEvent,
    }
    return lambda data: construct_type(type_=kinds[name], value=json.loads(data))


def _anthropic() -> Decode:
    from anthropic._models import construct_type
    from anthropic.types import RawMessageStreamEvent

    return lambda data: construct_type(type_=RawMessageStreamEvent, value=json.loads(data))


def _google() -> Decode:
    from google.genai import types
    from google.genai.models import _GenerateContentResponse_from_mldev

    def decode(data: str) -> Any:
        response = _GenerateContentResponse_from_mldev(json.loads(data))
        return types.GenerateContentResponse._from_response(response=response, kwargs={})

    return decode


def _cohere() -> Decode:
    from cohere.core.unchecked_base_model import construct_type
    from cohere.v2.types.v2chat_stream_response import V2ChatStreamResponse

    return lambda data: construct_type(type_=V2ChatStreamResponse, object_=json.loads(data))


def _mistral() -> Decode:
    from mistralai.client import models, utils

    # As its event stream does: the data wrapped up again as a field, then parsed and validated.
    return lambda data: utils.unmarshal_json(json.dumps({"data": json.loads(data)}), models.CompletionEvent)


def _ollama() -> Decode:
    import ollama

    return lambda data: ollama.ChatResponse(**json.loads(data))


SDKS: Final[dict[str, tuple[str, Callable[[], Decode]]]] = {
    "openai-chat": ("openai", lambda: _openai("openai-chat")),
    "openai-completions": ("openai", lambda: _openai("openai-completions")),
    "openai-responses": ("openai", lambda: _openai("openai-responses")),
    "anthropic": ("anthropic", _anthropic),
    "gemini": ("google-genai", _google),
    "cohere": ("cohere", _cohere),
    "mistral": ("mistralai", _mistral),
    "ollama": ("ollama", _ollama),
}


class Row(NamedTuple):
    """One dialect: nanoseconds per event of ours and of the SDK."""

    dialect: str
    sdk: str
    ours_ns: float
    theirs_ns: float


def measure() -> list[Row]:
    """Every dialect whose vendor has an SDK for Python."""
    with running_mock() as mock:
        bodies = {name: _events(mock.url, name) for name in SDKS}
    return [_measure(name, events) for name, events in bodies.items()]


def _events(url: str, name: str) -> list[Event]:
    dialect = dialects.by_name(name)
    assert dialect.request is not None
    asked = dialect.request(url + dialect.path, "hi", None)
    request = urllib.request.Request(asked.url, asked.body, dict(asked.headers) | {"X-Mock": _KNOBS})
    with urllib.request.urlopen(request, timeout=60) as answer:
        items = new_parser(dialect.framing).receive(answer.read())
    return [item for item in items if isinstance(item, Event) and item.data != "[DONE]"]


def _measure(name: str, events: list[Event]) -> Row:
    package, make = SDKS[name]
    theirs = make()
    best = [float("inf"), float("inf")]
    gc.disable()
    try:
        for _ in range(ROUNDS):
            decode = dialects.by_name(name).decoder()
            gc.collect()
            began_ns = time.perf_counter_ns()
            for event in events:
                decode(event, payload(event))
            best[0] = min(best[0], (time.perf_counter_ns() - began_ns) / len(events))
            gc.collect()
            began_ns = time.perf_counter_ns()
            for event in events:
                theirs(event.data)
            best[1] = min(best[1], (time.perf_counter_ns() - began_ns) / len(events))
    finally:
        gc.enable()
    return Row(name, f"{package} {version(package)}", *best)


def main() -> None:
    """Prints the table."""
    for row in measure():
        print(
            f"{row.dialect:<20} {row.ours_ns:>8,.0f} ns   {row.sdk:<22} {row.theirs_ns:>9,.0f} ns"
            f"   x{row.theirs_ns / row.ours_ns:.1f}"
        )


if __name__ == "__main__":
    main()
