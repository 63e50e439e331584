"""What active probes found, for rules to judge: answers to requests other than the measured stream's."""

from collections.abc import Sequence

from msgspec import Struct

from sseprobe.http_exchange import Head
from sseprobe.streams.transcript import Transcript


class ProbeAnswer(Struct, frozen=True):
    """The answer to one request. `request`: it in words, for messages; `name`: in one word, for the keys of findings.

    `head` None: there was no answer, and `problem` says why. `body`: its first bytes, empty for an event stream.
    """

    name: str
    request: str
    head: Head | None
    body: bytes = b""
    problem: str | None = None

    @property
    def status(self) -> int | None:
        """The status, None if there was no answer."""
        return self.head.status if self.head else None

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty without Content-Type."""
        value = (self.head.header("content-type") if self.head else None) or ""
        return value.partition(";")[0].strip().lower()


class Repetition(Struct, frozen=True):
    """The same request, several times. `refused`: why a repetition got no stream, None if all did."""

    streams: Sequence[Transcript]
    refused: str | None = None


class Refusal(Struct, frozen=True):
    """Answers to invalid requests: a broken body, a body without a prompt."""

    answers: tuple[ProbeAnswer, ...]


class MidStreamFailure(Struct, frozen=True):
    """A stream in which the server was made to fail. `instruction`: what it was asked to do."""

    stream: Transcript
    instruction: str


class Methods(Struct, frozen=True):
    """Answers to HEAD, and to methods that the endpoint does not support."""

    head: ProbeAnswer
    others: tuple[ProbeAnswer, ...]


class Http10(Struct, frozen=True):
    """The request made over HTTP/1.0. `transfer_encoding`: the header's value, None without one."""

    answer: ProbeAnswer
    stream: Transcript | None
    transfer_encoding: str | None


class Compression(Struct, frozen=True):
    """The same request without and with `Accept-Encoding: gzip`."""

    plain: Transcript
    compressed: Transcript


class Lengths(Struct, frozen=True):
    """The same request for short answers and for long ones, in turns. `requests`: how the lengths were requested."""

    short: tuple[Transcript, ...]
    long: tuple[Transcript, ...]
    requests: str


class Resumption(Struct, frozen=True):
    """A stream that was aborted midway, and the answer to the reconnection.

    `whole`: the same stream before, to its end; `seen`: the ids before the abort; `last_event_id`: the one that was
    sent back; `resumed` None: no stream came back, as `answer` says.
    """

    whole: Transcript
    seen: tuple[str, ...]
    last_event_id: str
    resumed: Transcript | None
    answer: ProbeAnswer


class SlowReading(Struct, frozen=True):
    """A client that stopped reading. `cut`: the server had closed the connection when it read again.

    `held_tokens`: generated until generation paused, `planned_tokens`: requested; None where no record has them.
    """

    stalled_ms: float
    cut: bool
    held_tokens: int | None = None
    planned_tokens: int | None = None


class AbortTrial(Struct, frozen=True):
    """One abort. `answer`: stopped, running or unknown; `evidence`: of the witnesses; `reason`: why it is unknown."""

    answer: str
    evidence: str
    reason: str | None


class Aborts(Struct, frozen=True):
    """The trials of the abort probe."""

    trials: tuple[AbortTrial, ...]
