"""Receiving one stream over the network, whatever it is for: what to ask, what came, and how it ended."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import BufferedIOBase
from typing import Final

from msgspec import Struct

from sseprobe.config.connection import ConnectOptions
from sseprobe.dialects import by_header
from sseprobe.dialects.base import Dialect
from sseprobe.errors import TargetError
from sseprobe.http_exchange import BodyEnd, Chunk, Ending, Head, Redirect, Request
from sseprobe.net.opening import OpenStream
from sseprobe.probes.status_advice import advice_for
from sseprobe.redaction import Redactor, redact_url
from sseprobe.sse.framing import CONTENT_TYPES, Framing, by_content_type, media_type
from sseprobe.streams.body_framing import Guess, Undecided, framing_from_body, framing_from_head
from sseprobe.streams.cassette import Recorder
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome
from sseprobe.streams.transcript import Transcript, read, recut, transcript_of
from sseprobe.streams.view import StreamView
from sseprobe.text import one_line
from sseprobe.units import human_bytes

SILENCE_AFTER_END_S: Final = 5.0
MAX_KEPT_ITEMS: Final = 1_000_000
"""Of one stream that is kept for judging: events, comments and the like, which may be tiny."""
_EXCERPT_BYTES: Final = 64 * 1024
_EXCERPT_PATIENCE_S: Final = 2.0
CODING_IS_CUT: Final = (
    "the compressed data has no end, although HTTP ended cleanly: it was cut off, or its compressor was never closed"
)
_ADVICE: Final = {
    BodyEnd.MISSING_LAST_CHUNK: "Look for a crash, or for a proxy's timeout, on the server's side.",
    BodyEnd.SHORT_BODY: "Look for a crash, or for a wrong Content-Length, on the server's side.",
    BodyEnd.TLS_CUT: "Look for a crash, or for a proxy's timeout, on the server's side.",
    BodyEnd.RESET: "Look for a crash, a restart, or a proxy's timeout on the server's side.",
    BodyEnd.PROTOCOL_ERROR: "Compare with the server asked directly: a proxy on the way may have damaged the body.",
    BodyEnd.IDLE_TIMEOUT: "Raise --idle-timeout if the model thinks that long; servers should send heartbeats.",
    BodyEnd.TOTAL_TIMEOUT: "Raise --timeout if the stream is meant to last that long.",
    BodyEnd.LIMIT: "A server that streams sends many small events: look for a body that is not an event stream.",
}


class StreamPlan(Struct, frozen=True):
    """What to ask, how, and what to do with the answer. `dialect`, `named`: as `StreamDecoder` has them.

    `keep`: all that came is kept, for a transcript.
    """

    request: Request
    options: ConnectOptions
    dialect: Dialect | None
    redact: Redactor
    max_bytes: int
    named: bool = False
    record_to: BufferedIOBase | None = None
    keep: bool = False


class StreamRun:
    """One stream on its way. `stream`: the connection, once it is being opened."""

    def __init__(self, plan: StreamPlan, view: StreamView) -> None:
        self.plan = plan
        self.view = view
        self.decoder = StreamDecoder(plan.dialect, named=plan.named)
        self.recorder = Recorder(plan.redact)
        self.head: Head | None = None
        self.redirects: list[Redirect] = []
        self.body_end: BodyEnd | None = None
        self.end_ns = 0
        self.problem: str | None = None
        self.notes: list[str] = []
        self.interrupted = False
        self.stream: OpenStream | None = None
        self.lacks_content = False
        """Whether it was ended here since no content came for too long."""
        self._content_s = 0.0
        self._chunks: list[Chunk] = []

    async def go(self) -> None:
        """Receives the stream to its end. Raises TargetError and UsageError where there is none."""
        self._content_s = asyncio.get_running_loop().time()
        self.stream = OpenStream(self.plan.request, self.plan.options)
        async with self._opened() as stream:
            self.head, self.redirects = stream.head, stream.redirects
            async with contextlib.aclosing(stream.chunks()) as chunks:
                try:
                    await self._receive(stream, chunks)
                except asyncio.CancelledError:
                    self.interrupted = True
                    self.body_end = BodyEnd.ABORT
            self.body_end = self.body_end or stream.body_end
            if self.body_end is BodyEnd.IDLE_TIMEOUT and self.decoder.ends_in_silence and not self.lacks_content:
                self.body_end = BodyEnd.LEFT_OPEN
            self.problem = stream.problem
            self.end_ns = stream.now_ns()
            self._record(self.recorder.end, self.body_end or BodyEnd.ABORT, self.end_ns, self.problem)

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncGenerator[OpenStream, None]:
        """The stream, once its head is there. Raises TargetError where that takes longer than content may."""
        assert self.stream is not None
        async with contextlib.AsyncExitStack() as cleanup:
            try:
                async with self._patience():
                    stream = await cleanup.enter_async_context(self.stream)
            except TimeoutError as error:
                raise TargetError(
                    f"{redact_url(self.plan.request.url)} did not answer within "
                    f"{self.plan.options.content_timeout_s:g} s (--content-timeout)."
                ) from error
            yield stream

    def _patience(self) -> asyncio.Timeout:
        """What is left of the time that may pass without content; once the dialect's end has come, any."""
        limit_s = self.plan.options.content_timeout_s
        over = limit_s is None or self.decoder.tally.meter.content_end_ns is not None
        return asyncio.timeout_at(None if over or limit_s is None else self._content_s + limit_s)

    async def _next(self, chunks: AsyncGenerator[Chunk, None]) -> Chunk | None:
        """The next chunk, None at the end of the body, or where content has been missing for too long."""
        try:
            async with self._patience():
                return await anext(chunks, None)
        except TimeoutError:
            self.body_end, self.lacks_content = BodyEnd.IDLE_TIMEOUT, True
            return None

    async def _receive(self, stream: OpenStream, chunks: AsyncGenerator[Chunk, None]) -> None:
        first, framing = await self._first_chunks(stream, chunks)
        dialect = self.plan.dialect if self.plan.named else by_header(stream.head.header, self.plan.dialect)
        self.decoder = self._new_decoder(dialect, self.plan.named, framing)
        self.view.head(stream.head, stream.redirects)
        self._record(self.recorder.opening, self.plan.request, self.decoder.dialect.name, now())
        self._record(self.recorder.head, stream.head)
        for each in first:
            self._take(each, stream)
        while self.body_end is None and (chunk := await self._next(chunks)) is not None:
            self._take(chunk, stream)
        with self._showing():
            self.decoder.receive_eof(self.view)

    def _new_decoder(self, dialect: Dialect | None, named: bool, framing: Framing | None) -> StreamDecoder:
        decoder = StreamDecoder(dialect, named=named, framing=framing, keep=self.plan.keep)
        decoder.tally.meter.ttfb_ns = self.head.t_ns if self.head else None
        return decoder

    async def _first_chunks(
        self, stream: OpenStream, chunks: AsyncGenerator[Chunk, None]
    ) -> tuple[list[Chunk], Framing]:
        """The framing, and as much of the body as told it. Raises TargetError if this is no stream."""
        head, dialect = stream.head, self.plan.dialect
        if head.status != 200:
            raise not_a_stream(head, await excerpt(stream, chunks), Framing.SSE, self.plan.request)
        told = framing_from_head(head, dialect)
        first: list[Chunk] = []
        framing: Guess = told or Undecided.MORE
        while framing is Undecided.MORE:
            chunk = await anext(chunks, None)
            first += [chunk] if chunk is not None else []
            begun = b"".join(each.data for each in first)
            framing = framing_from_body(head, begun, dialect, over=chunk is None)
            if framing is Undecided.NO_STREAM or (framing is Undecided.MORE and chunk is None):
                expected = dialect.framing if dialect else Framing.SSE
                raise not_a_stream(head, begun + await excerpt(stream, chunks), expected, self.plan.request)
        assert isinstance(framing, Framing)
        self._note_content_type(head, framing)
        return first, framing

    def _note_content_type(self, head: Head, framing: Framing) -> None:
        said = media_type(head.header("content-type")) or "missing"
        if by_content_type(said) is not framing and said != CONTENT_TYPES[framing]:
            self.notes.append(
                f"Content-Type is {said}, not {CONTENT_TYPES[framing]}: clients that look at it refuse it"
            )

    def _take(self, chunk: Chunk, stream: OpenStream) -> None:
        before = self.decoder.tally.content_deltas
        received = self.decoder.receive(chunk)
        if self.decoder.tally.content_deltas != before:
            self._content_s = asyncio.get_running_loop().time()
        self._record(self.recorder.chunk, chunk)
        if self.plan.keep:
            self._chunks.append(chunk)
        with self._showing():
            self.view.received(chunk, received, self.decoder.dialect)
        if self.decoder.tally.over_limit is not None or self._recorded_too_much():
            self.body_end = BodyEnd.LIMIT
        if self.decoder.is_certainly_over:
            stream.expect_silence(SILENCE_AFTER_END_S)

    @contextlib.contextmanager
    def _showing(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.interrupted = True  # nobody reads our output any more
            self.body_end = BodyEnd.ABORT

    def _recorded_too_much(self) -> bool:
        kept = self.plan.keep or self.plan.record_to is not None
        return (kept and self.decoder.body_bytes > self.plan.max_bytes) or self._too_many_items

    @property
    def _too_many_items(self) -> bool:
        return len(self.decoder.items) > MAX_KEPT_ITEMS

    def _record(self, line: Callable[..., bytes], *values: object) -> None:
        if self.plan.record_to is not None:
            self.plan.record_to.write(line(*values))
            self.plan.record_to.flush()  # what was seen is kept, however this process ends

    def read_as(self, dialect: Dialect, cut_at: Sequence[int] | None = None) -> None:
        """Reads once more what came, where `keep` was asked for: in a dialect that was learned meanwhile.

        `cut_at`: where a body that is text is to be cut as well, in bytes.
        """
        decoder = self._new_decoder(dialect, self.plan.named, self.decoder.framing)
        if cut_at is not None and decoder.framing is Framing.TEXT:
            self._chunks = recut(self._chunks, cut_at)
        self.decoder = read(self._chunks, decoder, self.head)

    def transcript(self) -> Transcript:
        """All that came, where `keep` was asked for and a head has come."""
        assert self.head is not None
        return transcript_of(
            self.decoder,
            self._chunks,
            request=self.plan.request,
            head=self.head,
            body_end=self.body_end or BodyEnd.ABORT,
            outcome=self.outcome(),
            end_ns=self.end_ns,
            redirects=self.redirects,
            gzip_members=self.stream.gzip_members if self.stream is not None else 0,
        )

    def outcome(self) -> Outcome:
        """What became of the stream."""
        outcome = self.decoder.finish(self.body_end or BodyEnd.ABORT, self.end_ns)
        reason = outcome.reason
        if outcome.ending is Ending.LIMIT and self.decoder.tally.over_limit is None:
            limit = f"--max-bytes ({human_bytes(self.plan.max_bytes)})"
            if self._too_many_items:
                limit = f"{MAX_KEPT_ITEMS:,} events, comments and blank lines"
            reason = f"the body is over {limit}, which bounds what is kept"
        if self.body_end is BodyEnd.IDLE_TIMEOUT and outcome.ending is Ending.IDLE_TIMEOUT:
            reason = f"not a byte came for {self.plan.options.idle_timeout_s:g} s"
            if self.lacks_content:
                reason = f"no content came for {self.plan.options.content_timeout_s:g} s (--content-timeout)"
                return Outcome(outcome.ending, reason, outcome.error)
        cut = self.stream is not None and self.stream.coding_is_cut
        if cut and outcome.ending is Ending.COMPLETE and not self.decoder.end_is_proven:
            return Outcome(Ending.TRUNCATED, CODING_IS_CUT, outcome.error)
        if self.body_end is BodyEnd.TOTAL_TIMEOUT and outcome.ending is Ending.TOTAL_TIMEOUT:
            reason = f"the stream was not over after {self.plan.options.timeout_s:g} s"
        if self.problem and outcome.ending in (Ending.TRUNCATED, Ending.RESET):
            reason = f"{reason} ({one_line(self.problem)})"
        if outcome.ending is not Ending.ERROR and self.body_end in _ADVICE:
            reason = f"{reason}. {_ADVICE[self.body_end]}"
        return Outcome(outcome.ending, reason, outcome.error)


async def excerpt(stream: OpenStream, chunks: AsyncGenerator[Chunk, None]) -> bytes:
    """The beginning of a body that is no stream; it is not waited for long."""
    stream.expect_silence(_EXCERPT_PATIENCE_S)
    begun = b""
    async for chunk in chunks:
        begun += chunk.data
        if len(begun) > _EXCERPT_BYTES:
            break
    return begun[:_EXCERPT_BYTES]


def not_a_stream(head: Head, body: bytes, framing: Framing, request: Request) -> TargetError:
    """The error for an answer that is no stream: what came, and what to try."""
    reason = f" {one_line(head.reason, 60)}" if head.reason else ""
    content_type = one_line(head.header("content-type") or "no Content-Type", 80)
    shown = one_line(body.decode(errors="replace"), 300)
    answer = f"{head.status}{reason} ({content_type}: {shown or 'an empty body'})"
    advice = advice_for(head, body, request) or f"Expected Content-Type {CONTENT_TYPES[framing]}."
    return TargetError(f"{redact_url(head.url)} answered {answer}, not a stream. {advice}")


def now() -> str:
    """The time of day, as reports have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
