"""What a witness is: a source beside the stream that shows whether the server works. It samples; it does not judge."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.dialects.base import Dialect
from sseprobe.errors import UsageError
from sseprobe.http_exchange import Request
from sseprobe.redaction import redact_url
from sseprobe.stop_detection.answers import Strength
from sseprobe.stop_detection.samples import Reading


class Spec(NamedTuple):
    """What a witness says of itself, for help and docs.

    `name`: what stands before the colon of its SPEC; `syntax`: of the whole SPEC. `reads`: what it samples, as the
    object of a sentence. `evidence`: what that shows of the work. Indirect evidence usually goes with the work.
    """

    name: str
    syntax: str
    reads: str
    evidence: str
    strength: Strength = Strength.DIRECT


class WitnessError(Exception):
    """A witness cannot be read now; the message is the end of a sentence: why, and what to try."""


class Context(Struct, frozen=True):
    """What a witness may need to know of the test.

    `url`: the target; `truth_url`: of the bundled mock's record, where that is under test. `grace_s`: seconds.
    """

    url: str
    truth_url: str | None
    request: Request
    dialect: Dialect | None
    options: ConnectOptions
    grace_s: float


class Witness(ABC):
    """One witness. Made from its SPEC, opened before the first trial, sampled from a thread of its own, closed.

    `interval_s`: seconds between samples. `counts_tokens`: its counter of work counts tokens one by one. `sure`: its
    number is known to be a counter. `least_share`: of the time that its work, which is time, must take to show
    anything. `is_called`: the app under test calls it, as it calls an LLM. `is_of_target`: what is under test serves
    it. `leaves_too`: it sends requests of its own to the target and aborts them: what goes on then is a leak too.
    """

    spec: ClassVar[Spec]
    interval_s: ClassVar[float] = 0.05
    sure: ClassVar[bool] = True
    least_share: ClassVar[float | None] = None
    counts_tokens: bool = False
    is_called: bool = False
    is_of_target: bool = False
    leaves_too: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        return self.spec.name

    @property
    def strength(self) -> Strength:
        """Whether it sees the work itself."""
        return self.spec.strength

    def open(self) -> None:  # noqa: B027  most need not
        """Gets ready. Raises UsageError where its SPEC cannot be honoured."""

    @abstractmethod
    def sample(self) -> Reading:
        """Takes one reading. Raises WitnessError."""

    def call_off(self) -> None:  # noqa: B027  most cannot
        """Ends what is still generating, once it is judged, if that is up to this witness."""

    def close(self) -> None:  # noqa: B027  most need not
        """Closes what it opened."""

    @property
    def hint(self) -> str:
        """What may help if it did not change: the other numbers that are there."""
        return ""


def checked_url(url: str, kind: str) -> str:
    """A witness's URL. Raises UsageError."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"--witness {kind}:{redact_url(url)}: invalid URL. Expected {kind}:http://HOST[:PORT]/PATH.")
    return url
