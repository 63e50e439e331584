"""Streams on which a verdict was wrong once: each failed, cut or whole in a way that is easy to take for another."""

import json
from typing import Any

import pytest

from sseprobe.dialects.base import DeltaKind
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Ending, Read
from sseprobe.sse.framing import Framing
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.view import Received
from tests.support.openai import chunk
from tests.support.own_bodies import DONE, WORDS, raw, sse, tokens

C, T, E = Ending.COMPLETE, Ending.TRUNCATED, Ending.ERROR
J, RAW = tokens(), raw()
ANSWER = "".join(WORDS)
CHAT = [chunk("The"), chunk(" keeper")]
STOP = chunk(finish="stop")
LOOP = [sse({"content": word, "finish_reason": None}) for word in WORDS]
CALLS = sse({"content": "", "finish_reason": "tool_calls"})


def received(
    *events: bytes, framing: Framing = Framing.SSE, end: BodyEnd = BodyEnd.LAST_CHUNK
) -> tuple[StreamDecoder, Ending]:
    """A stream of these events, each in a read of its own, and what became of it."""
    decoder = StreamDecoder(None, framing=framing)
    for n, each in enumerate(events):
        decoder.receive(Chunk(each, Read(n, n * 1000, Clock.KERNEL, 0, 0)))
    decoder.receive_eof()
    return decoder, decoder.finish(end, 10**9).ending


@pytest.mark.parametrize(
    ("events", "ending"),
    [
        # Vendors' events that an app passes on.
        ([*CHAT, STOP], C),
        ([*CHAT, STOP, sse({"done": True})], C),
        ([*CHAT, chunk(finish="tool_calls")], T),
        ([*CHAT, sse({"done": True})], T),  # the app's own end, in its cleanup
        ([*CHAT, sse({"type": "error", "message": "boom"}), sse({"type": "done"})], E),
        ([*CHAT, STOP, sse({"message": "boom"}, "error"), DONE], E),
        ([*CHAT, sse("Error: boom"), DONE], E),
        ([*CHAT, sse({"status": "failed"})], E),
        ([sse({"sources": ["a.pdf"]})] * 5 + CHAT, T),
        ([sse("connected"), *CHAT], T),
        # Failures.
        ([*J, sse({"node": "llm", "error": "rate limited"}), DONE], E),
        ([*J, sse({"statusCode": 500, "message": "Internal server error"})], E),
        ([*J, sse({"type": "about:blank", "title": "Internal Server Error", "status": 500, "traceId": "a"})], E),
        ([*J, sse({"done": True, "status": "error", "message": "boom"})], E),
        ([*J, sse({"reason": "error"}, "done")], E),
        ([*J, sse({"done": True, "reason": "aborted"})], E),
        ([*J, sse({}, "timeout")], E),
        ([*J, sse({"message": "Internal Server Error"}), DONE], E),
        ([*J, sse({"type": "workflow_failed"}), sse({"type": "done", "token": "closed"})], E),
        ([*RAW, sse({"status": "failed", "message": "boom"}), sse({"elapsed": 3})], E),
        ([*J, sse("Error: boom", "end")], E),
        ([*J, sse({"token": "Error: no credits left"}), sse({"token": "\n"}), DONE], E),
        ([*RAW, sse("Error: upstream connection lost"), DONE], E),
        ([sse({"token": "```py\n"}), *J, sse({"token": "\n\nError: connection lost"}), DONE], E),
        ([*J, sse({"token": "Sorry, I encountered an error."}), DONE], E),
        ([*J, b'error: {"code": 500, "message": "context is full"}\n\n'], E),
        # None.
        ([*J, sse({"type": "observation", "result": {"error": "404"}}), *J, DONE], C),
        ([*J, sse({"type": "provider_error", "message": "falling back"}), *J, DONE], C),
        ([*J, sse({"type": "moderation", "ok": False}), DONE], C),
        ([*J, sse({"type": "title", "errors": ["too long"]}), DONE], C),
        ([*J, sse({"detail": "answer saved"}), DONE], C),
        ([sse({"token": word, "error": {"message": None, "code": None}}) for word in WORDS] + [DONE], C),
        ([sse({"token": word, "error": 0.1}) for word in WORDS] + [DONE], C),
        ([sse({"token": "Error in Python: how to read a traceback, and what its lines say."}), DONE], C),
        ([*J, sse({"token": "Error: file not found\n```"}), DONE], C),
    ],
)  # fmt: skip
def test_endings(events: list[bytes], ending: Ending) -> None:
    assert received(*events)[1] is ending


@pytest.mark.parametrize(
    ("events", "proven"),
    [
        ([*LOOP, CALLS], False),
        ([*LOOP, CALLS, sse({"type": "tool"})], False),
        ([*LOOP, sse({"content": "", "finish_reason": "stop"})], True),
        ([*J, sse({"type": "status", "data": {"done": True}})], False),
        ([*J, sse({"sources": [{"title": "[End]"}]})], False),
        ([*RAW, sse("END")], False),
        ([*RAW, sse("[DONE]"), sse(" is what ends it")], False),
    ],
)
def test_what_proves_the_end(events: list[bytes], proven: bool) -> None:
    decoder, ending = received(*events)
    assert (ending, decoder.end_is_proven) == (C, proven)


@pytest.mark.parametrize(
    ("events", "silent"),
    [
        ([*J, sse({}, "done")], True),
        ([*J, sse({"done": True})], True),
        ([*LOOP, CALLS], False),
        ([*LOOP, sse({"content": "", "finish_reason": "stop"})], False),
        ([*J, sse({"type": "message_end"}), sse({"type": "tool_start"})], False),
    ],
)
def test_silence_is_the_end_behind_an_end_mark_alone(events: list[bytes], silent: bool) -> None:
    assert received(*events)[0].ends_in_silence is silent


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([b": " + b"x" * 1_100_000 + b"\n\n", *J, DONE], ANSWER),
        ([sse({"type": "status", "n": n}) for n in range(70)] + [*J, DONE], ANSWER),
        ([*RAW[:4], sse("[DONE]"), *RAW[4:], DONE], "".join(WORDS[:4]) + "[DONE]" + "".join(WORDS[4:])),
        ([sse("The answer is 42.", "final")], "The answer is 42."),
        ([sse({"type": "final", "content": ANSWER})], ANSWER),
        ([sse({"type": "search_answer", "content": word}) for word in WORDS] + [DONE], ANSWER),
        ([sse({"msg": "process_generating", "t": word}) for word in WORDS] + [DONE], ANSWER),
        ([sse({"trace": f"{n:040x}", "t": word}) for n, word in enumerate(WORDS)] + [DONE], ANSWER),
        ([sse({"text": "".join(WORDS[: n + 1])}) for n in range(len(WORDS))] + [sse({"text": ANSWER, "done": True})], ANSWER),
    ],
    ids=range(9),
)  # fmt: skip
def test_text(events: list[bytes], text: str) -> None:
    assert received(*events)[0].tally.answer.text_of(DeltaKind.TEXT) == text


def test_a_field_is_learned_though_what_came_before_was_too_much_to_be_kept() -> None:
    words = [sse({"foo": word}) for word in WORDS]
    decoder, _ = received(sse({"foo": "So: "}), sse({"docs": ["x" * 1_100_000]}), *words, DONE)
    text = decoder.tally.answer.text_of(DeltaKind.TEXT)
    assert text
    assert ANSWER.endswith(text)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"Hello ", b'world{"error": "boom"}'],
        [b"Hello ", b'world\n{"error": ', b'{"message": "boom"}}\n'],
        [b'0:"Hello"\n', b'3:"boom"\n', b'd:{"finishReason":"error"}\n'],
        [b"Hello", b" there", b" you", b"\n\nError: boom at once", b"\n"],
    ],
)
def test_failures_at_the_end_of_a_body_of_text(pieces: list[bytes]) -> None:
    assert received(*pieces, framing=Framing.TEXT)[1] is E


class Showing:
    """A view that keeps what it is shown for the first time."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def received(self, _chunk: Any, received: list[Received], _dialect: Any) -> None:
        self.items.extend(each.item for each in received if not each.again)


@pytest.mark.parametrize("lines", [[{"t": "a"}, {"t": "b"}], [{"progress": 1}], [{"t": str(n)} for n in range(9)]])
def test_every_event_is_shown_once_though_the_stream_is_read_again(lines: list[Any]) -> None:
    view: Any = Showing()
    decoder = StreamDecoder(None, framing=Framing.LINES)
    body = b"\n".join(json.dumps(each).encode() for each in lines)
    for n in range(0, len(body), 7):
        piece = Chunk(body[n : n + 7], Read(n, n * 1000, Clock.KERNEL, 0, 0))
        view.received(piece, decoder.receive(piece), None)
    decoder.receive_eof(view)
    assert len(view.items) == len(lines)
