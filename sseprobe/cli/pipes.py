"""Standard output and error that survive a closed pipe, as with `| head -1`: later writes are discarded."""

import io
import os
import sys
from typing import Any, TextIO


class _Pipe(io.FileIO):
    """A file descriptor that becomes the null device once its pipe is closed."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return len(data)


def survive_closed_pipes() -> None:
    """From now on no write to standard output or error raises BrokenPipeError."""
    sys.stdout, sys.stderr = _surviving(sys.stdout), _surviving(sys.stderr)


def _surviving(stream: TextIO) -> TextIO:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # with PYTHONUNBUFFERED there is no buffer between
    if type(raw) is not io.FileIO or not isinstance(stream, io.TextIOWrapper):
        return stream  # not the process's own
    stream.flush()
    pipe = _Pipe(raw.fileno(), "wb", closefd=False)
    lines = stream.line_buffering
    return io.TextIOWrapper(
        io.BufferedWriter(pipe),
        stream.encoding,
        stream.errors,
        line_buffering=lines,
        write_through=stream.write_through,
    )
