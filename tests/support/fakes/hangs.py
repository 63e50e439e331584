"""A reader that never ends, nor does what it has started."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """One event, and no more."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    yield "message", "a", ""
    left = subprocess.Popen(["sleep", "600"])
    Path(os.environ["PYTHONPATH"].split(os.pathsep)[0], "left-behind").write_text(str(left.pid))
    time.sleep(600)


READER = Reader("hangs", "msgspec", OutputShape.EVENTS, CANARY, read)
