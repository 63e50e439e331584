"""A reader that uses the network."""

import socket
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """An event for each address that it reached."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    yield "message", "a", ""
    socket.socket().connect(("127.0.0.1", 9))


READER = Reader("calls-home", "msgspec", OutputShape.EVENTS, CANARY, read)
