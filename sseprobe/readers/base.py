"""What a reader is, and what passes between us and the process it runs in. One file beside this one per reader."""

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, ClassVar, Final, NamedTuple

from sseprobe.dialects.traits import Scope


class OutputShape(StrEnum):
    """What a reader lets its user see of an event, and so what can be compared."""

    EVENTS = "events"
    """[type, data, last event id]; None where its API does not show it."""
    PAYLOADS = "payloads"
    """The payload, as the SDK hands it over."""
    PARTS = "parts"
    """[kind, text] pairs: the text, reasoning, tool names and arguments that one event adds."""


class Stream(NamedTuple):
    """A body as it arrived. `content_type`: what the response said, or what its framing should have."""

    chunks: list[bytes]
    content_type: str


class Reader(NamedTuple):
    """A third-party client. It is imported only in the process that runs it.

    `package`: on PyPI, or on npm where `script` names the module beside `node/child.mjs` that drives it. `dialects`:
    those it reads; None: every event stream. `canary`: a stream that it reads without fail: if it does not, it is not
    the stream that is wrong. `read`: yields what the client delivers, in `shape`'s shape, and raises what it raises.
    `shows_silent`: one item an event, also of those that add no part.
    """

    name: str
    package: str
    shape: OutputShape
    canary: bytes
    read: Callable[[Stream], Iterator[Any]] | None = None
    script: str | None = None
    dialects: Scope | None = None
    shows_silent: bool = True


CANARY: Final = b'event: tick\nid: 1\ndata: {"x": 1}\n\n'
CHAT_CANARY: Final = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":"x"},"finish_reason":null}]}\n\n'
    b"data: [DONE]\n\n"
)


class NetworkAttempt(Exception):  # noqa: N818  it says what happened
    """A client tried to use the network, which has nothing for it: what follows is not caused by the stream.

    `tried` holds each attempt, since clients turn exceptions into their own.
    """

    tried: ClassVar[list[str]] = []

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.tried.append(what)


def encode_stream(stream: Stream) -> Iterator[bytes]:
    """What the process reads from its standard input: one line of JSON, then the body."""
    about = {"content_type": stream.content_type, "sizes": [len(c) for c in stream.chunks]}
    yield json.dumps(about).encode() + b"\n"
    yield from stream.chunks


def decode_stream(data: bytes) -> Stream:
    """The other way round."""
    line, _, body = data.partition(b"\n")
    about = json.loads(line)
    chunks, start = [], 0
    for size in about["sizes"]:
        chunks.append(body[start : start + size])
        start += size
    return Stream(chunks, about["content_type"])
