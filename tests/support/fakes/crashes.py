"""A reader that takes its process with it."""

import os
import signal
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """One event, and a signal."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    yield "message", "a", ""
    os.kill(os.getpid(), signal.SIGSEGV)


READER = Reader("crashes", "msgspec", OutputShape.EVENTS, CANARY, read)
