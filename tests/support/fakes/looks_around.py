"""A reader that tells what it sees of our environment."""

import os
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """What it knows of secrets, and where its home is."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    secrets = [name for name, value in os.environ.items() if "hidden" in value]
    yield (
        "message",
        f"{secrets or 'nothing'}, at home in {os.environ['HOME'].rpartition('/')[0].rpartition('/')[2]}",
        "",
    )


READER = Reader("looks-around", "msgspec", OutputShape.EVENTS, CANARY, read)
