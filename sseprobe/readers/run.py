"""All readers that are installed and read this kind of stream, each in a process of its own, a few at a time."""

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from sseprobe.dialects.base import Dialect
from sseprobe.readers import all_readers
from sseprobe.readers.base import Reader, Stream, encode_stream
from sseprobe.readers.comparison import Difference, compare
from sseprobe.readers.expectation import expectation
from sseprobe.readers.installed import environment, installed_version, prepare
from sseprobe.readers.location import Body
from sseprobe.readers.process import Limits, ReaderProcess, ReaderResult
from sseprobe.readers.wording import sentences
from sseprobe.report import ReaderReport
from sseprobe.sse import Event
from sseprobe.sse.framing import CONTENT_TYPES, Framing

_AT_MOST: Final = os.cpu_count() or 1


class Stop:
    """Ends a run of readers from another thread, also one that is still getting ready."""

    def __init__(self) -> None:
        self._stopped = False
        self._kill: Callable[[], None] = lambda: None

    def arm(self, kill: Callable[[], None]) -> None:
        self._kill = kill
        if self._stopped:
            kill()

    def now(self) -> None:
        """Ends them, and lets no more start."""
        self._stopped = True
        self._kill()


def read_all(
    chunks: Sequence[bytes],
    events: Sequence[Event],
    *,
    dialect: Dialect,
    framing: Framing,
    content_type: str | None,
    ended_in_error: bool,
    readers: Sequence[Reader] | None = None,
    limits: Limits | None = None,
    stop: Stop | None = None,
) -> list[ReaderReport]:
    """What each reader makes of this body, as compared with `events`, our own parser's.

    `stop` ends it from another thread. A reader that is not installed is left out. Sentences may quote the stream:
    redact them. Never raises for what a reader does.
    """
    fit = [reader for reader in (all_readers() if readers is None else readers) if _reads(reader, dialect, framing)]
    there = [(reader, version) for reader in fit if (version := installed_version(reader)) is not None]
    if not there:
        return []
    announced = _header_value(content_type or CONTENT_TYPES[framing])
    body = Body(chunks, events, framing, announced, dialect)
    with _Session(Stream(list(chunks), announced), limits or Limits()) as session:
        (stop or Stop()).arm(session.kill)

        def report(reader: Reader, version: str, process: ReaderProcess | str) -> ReaderReport:
            result = session.run(process)
            if result.unfit is not None:
                return ReaderReport(reader.name, version, None, [result.unfit])
            found = differences(reader, result, events, dialect, ended_in_error=ended_in_error)
            return ReaderReport(reader.name, version, not found, sentences(body, reader.name, reader.shape, found))

        tasks = [(reader, version, session.prepare(reader)) for reader, version in there]
        with ThreadPoolExecutor(min(_AT_MOST, len(tasks))) as pool:
            futures = [pool.submit(report, *task) for task in tasks]
            try:
                return [future.result() for future in futures]
            except BaseException:  # Ctrl-C, first of all
                session.kill()
                raise


def differences(
    reader: Reader, result: ReaderResult, events: Sequence[Event], dialect: Dialect, *, ended_in_error: bool
) -> list[Difference]:
    """What is not as it should be in what it delivered."""
    due = expectation(reader, events, dialect, ended_in_error=ended_in_error)
    return compare(reader.shape, due, result.items, result.error)


def _reads(reader: Reader, dialect: Dialect, framing: Framing) -> bool:
    if reader.dialects is not None:
        return dialect.is_in(reader.dialects) and dialect.framing is framing
    return framing is Framing.SSE


def _header_value(text: str) -> str:
    """What fits into a header again."""
    return "".join(char for char in text if " " <= char <= "\xff" and char != "\x7f")


class _Session:
    """One body, in a file, and the processes that read it. Leaving it ends them all."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._size = sum(map(len, stream.chunks))
        self._processes: list[ReaderProcess] = []
        self._is_over = False
        self._cleanup = ExitStack()

    def __enter__(self) -> "_Session":
        folder = self._cleanup.enter_context(
            tempfile.TemporaryDirectory(prefix="sseprobe-", ignore_cleanup_errors=True)
        )
        self._folder = Path(folder)
        with (self._folder / "stream").open("wb") as file:
            file.writelines(encode_stream(self._stream))
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()
        self._cleanup.close()

    def kill(self) -> None:
        """Ends all processes, and lets no more start."""
        self._is_over = True
        for process in self._processes:
            process.kill()

    def prepare(self, reader: Reader) -> ReaderProcess | str:
        """Its process, or why there is none."""
        if self._is_over:
            return "it was stopped"
        home = self._folder / str(len(self._processes))
        home.mkdir(exist_ok=True)
        try:
            process = ReaderProcess(prepare(reader, home), environment(home), home)
        except OSError as error:
            return f"it could not be run: {error.strerror or error}"
        self._processes.append(process)
        return process

    def run(self, process: ReaderProcess | str) -> ReaderResult:
        """What it delivers of the stream."""
        if isinstance(process, str):
            return ReaderResult(unfit=process)
        try:
            return process.run(self._folder / "stream", self._size, self._limits)
        except OSError as error:  # no more processes, no more files
            return ReaderResult(unfit=f"it could not be run: {error.strerror or error}")
