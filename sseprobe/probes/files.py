"""Files that options name: recordings, baselines. A file that cannot be read or written is a usage error."""

import contextlib
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path

from sseprobe.errors import UsageError
from sseprobe.streams.cassette import Cassette, load


def open_cassette(path: str) -> Cassette:
    """Reads a recording; `-` is standard input. Raises UsageError."""
    name = "standard input" if path == "-" else path
    try:
        with open(0, "rb", closefd=False) if path == "-" else Path(path).open("rb") as file:
            return load(file, name)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror}).") from error


def read_file(path: str, option: str) -> bytes:
    """A file that an option names. Raises UsageError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be read ({error.strerror}).") from error


def write_file(path: str, data: bytes, option: str, *, append: bool = False) -> None:
    """Writes a file that an option names. Raises UsageError."""
    try:
        with Path(path).open("ab" if append else "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written ({error.strerror}).") from error


@contextlib.contextmanager
def open_recording(path: str) -> Iterator[BufferedWriter]:
    """The file for a recording, for as long as the block lasts. Raises UsageError."""
    try:
        with Path(path).open("wb") as file:
            yield file
    except OSError as error:
        raise UsageError(f"--record {path}: cannot be written ({error.strerror}).") from error
