"""What active probes found, for rules to judge: answers to requests that are no healthy stream of their own."""

from collections.abc import Sequence

from msgspec import Struct

from sseprobe.http_exchange import Head
from sseprobe.streams.transcript import Transcript


class Answer(Struct, frozen=True):
    """The answer to one request. `asked`: the request in words, `name`: in one, for the keys of findings.

    `head` None: none came, `problem` says why. `body`: its beginning; `streamed`: it is labelled as a stream of events.
    """

    name: str
    asked: str
    head: Head | None
    body: bytes = b""
    problem: str | None = None

    @property
    def status(self) -> int | None:
        """The status, None if no answer came."""
        return self.head.status if self.head else None

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty if there is none."""
        said = (self.head.header("content-type") if self.head else None) or ""
        return said.partition(";")[0].strip().lower()


class Repetition(Struct, frozen=True):
    """The same request, several times. `refused`: why a repetition got no stream, None if all did."""

    streams: Sequence[Transcript]
    refused: str | None = None


class Refusal(Struct, frozen=True):
    """Answers to requests that cannot be meant: a broken body, a body without what a prompt needs."""

    answers: tuple[Answer, ...]


class MidStreamFailure(Struct, frozen=True):
    """A stream that the server was told to fail in. `said`: what the server was told."""

    stream: Transcript
    said: str


class Methods(Struct, frozen=True):
    """The endpoint asked with HEAD, and with methods it is not made for."""

    head: Answer
    others: tuple[Answer, ...]


class Http10(Struct, frozen=True):
    """The request made over HTTP/1.0. `transfer_encoding`: the header's value, None if there is none."""

    answer: Answer
    stream: Transcript | None
    transfer_encoding: str | None


class Compression(Struct, frozen=True):
    """The same request without and with `Accept-Encoding: gzip`."""

    plain: Transcript
    asked: Transcript


class Lengths(Struct, frozen=True):
    """The same request for short answers and for long ones, taken in turns. `said`: how they were asked for."""

    short: tuple[Transcript, ...]
    long: tuple[Transcript, ...]
    said: str


class Resumption(Struct, frozen=True):
    """A stream that was left in the middle, and the answer to the reconnection.

    `whole`: the same stream before, to its end; `seen`: what came before leaving; `resumed` None: no stream came back,
    as `answer` says. `last_event_id`: the one that was sent back.
    """

    whole: Transcript
    seen: tuple[str, ...]
    last_event_id: str
    resumed: Transcript | None
    answer: Answer


class SlowReading(Struct, frozen=True):
    """A reader that stopped. `cut`: when it read on, the server had left it.

    `held_tokens`, `planned_tokens`: made when production stood still, and asked for, where somebody can tell.
    """

    stalled_ms: float
    cut: bool
    held_tokens: int | None = None
    planned_tokens: int | None = None


class Trial(Struct, frozen=True):
    """One abort: stopped, running or unknown, and what the witnesses say."""

    answer: str
    said: str
    reason: str | None


class Aborts(Struct, frozen=True):
    """The trials of the abort probe."""

    trials: tuple[Trial, ...]
