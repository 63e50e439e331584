"""A client of the abort test: receives a stream, counts its content, and aborts on request."""

import asyncio
import time
from collections.abc import Callable

from sseprobe.dialects.base import Dialect
from sseprobe.errors import SseprobeError
from sseprobe.http_exchange import BodyEnd, Chunk, Head, Redirect
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.phases import FIRST_CONTENT, HEAD, Progress
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.streams.view import Received, StreamView


class Client:
    """One stream on its way. Times on the monotonic clock, in ns.

    `news` is called at its end and, if it is `followed`, on each arrival before the abort. `view` sees what comes.
    """

    def __init__(self, plan: StreamPlan, news: Callable[[], None], view: StreamView, *, followed: bool = False) -> None:
        self.run = StreamRun(plan, self)
        self.started_ns = time.monotonic_ns()
        self.ended_ns: int | None = None
        self.aborted_ns: int | None = None
        self.deltas_at_abort = 0
        self.head_had_come = False
        self.error: SseprobeError | None = None
        self._received_ns: int | None = None
        self._head_ns: int | None = None
        self._first_delta_ns: int | None = None
        self._last_delta_ns: int | None = None
        self._longest_pause_ns: int | None = None
        self._deltas_seen = 0
        self._news = news
        self._view = view
        self._followed = followed
        self._task = asyncio.create_task(self._go())

    @property
    def deltas(self) -> int:
        """How many content deltas have come."""
        return self.run.decoder.tally.content_deltas

    def progress(self, *, seen_working: bool) -> Progress:
        """How far it has come."""
        now_ns = time.monotonic_ns()
        quiet_ns = None if self._received_ns is None else now_ns - self._received_ns
        marks = {HEAD: self._head_ns, FIRST_CONTENT: self._first_delta_ns}
        begun = {name: at_ns - self.started_ns for name, at_ns in marks.items() if at_ns is not None}
        return Progress(now_ns - self.started_ns, quiet_ns, self.deltas, seen_working, begun)

    def gap_ns(self, until_ns: int) -> float | None:
        """The mean gap between content deltas so far, None if there were too few."""
        if self._first_delta_ns is None or self.deltas < 3:
            return None
        return max(0, until_ns - self._first_delta_ns) / (self.deltas - 1)

    @property
    def first_content_ns(self) -> int | None:
        """How long the first content took, None if there was none."""
        return None if self._first_delta_ns is None else self._first_delta_ns - self.started_ns

    def longest_pause_ns(self, until_ns: int) -> int | None:
        """The longest time between content deltas, or since the last one; None if there were fewer than two."""
        if self._longest_pause_ns is None or self._last_delta_ns is None:
            return None
        waiting_ns = 0 if self.ended_ns is not None else until_ns - self._last_delta_ns
        return max(self._longest_pause_ns, waiting_ns)

    async def abort(self, how: AbortKind) -> bool:
        """Aborts the stream; False if the connection is already closed. Raises ValueError for `h2-reset` on HTTP/1."""
        stream = self.run.stream
        self.deltas_at_abort, self.head_had_come = self.deltas, self.run.head is not None
        self.aborted_ns = await stream.abort(how) if stream is not None else None
        if self.aborted_ns is not None and how is not AbortKind.HALF_CLOSE:
            self.run.body_end = BodyEnd.ABORT
        return self.aborted_ns is not None

    async def end(self) -> None:
        """Ends it at any point. Raises CancelledError only if the caller is cancelled meanwhile."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def _go(self) -> None:
        try:
            await self.run.go()
        except SseprobeError as error:
            self.error = None if self.aborted_ns is not None else error
        finally:
            self.ended_ns = time.monotonic_ns()
            self._news()

    # What a view sees.

    def head(self, head: Head, redirects: list[Redirect]) -> None:
        """An answer has come."""
        self._view.head(head, redirects)
        self._head_ns = time.monotonic_ns()
        self._arrived()

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """Notes when content came."""
        self._view.received(chunk, received, dialect)
        if self.deltas > self._deltas_seen:
            now_ns = time.monotonic_ns()
            if self._first_delta_ns is None or self._last_delta_ns is None:
                self._first_delta_ns = now_ns
            else:
                self._longest_pause_ns = max(self._longest_pause_ns or 0, now_ns - self._last_delta_ns)
            self._last_delta_ns, self._deltas_seen = now_ns, self.deltas
        self._arrived()

    def close(self) -> None:
        """The stream is over."""
        self._view.close()

    def _arrived(self) -> None:
        self._received_ns = time.monotonic_ns()
        if self._followed and self.aborted_ns is None:
            self._news()
