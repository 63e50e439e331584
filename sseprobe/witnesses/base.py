"""What a witness is: something beside the stream that knows whether the server works. It samples; it does not judge."""

from abc import ABC, abstractmethod
from typing import ClassVar
from urllib.parse import urlsplit

from msgspec import Struct

from sseprobe.dialects.base import Dialect
from sseprobe.errors import UsageError
from sseprobe.net.options import ConnectOptions
from sseprobe.redaction import redact_url
from sseprobe.stop_detection.answers import Strength
from sseprobe.stop_detection.samples import Reading
from sseprobe.transcript import Request


class WitnessError(Exception):
    """A witness cannot say anything now; the message is the end of a sentence: why, and what to try."""


class Context(Struct, frozen=True):
    """What a witness may need to know of the test. `url`: the target; `truth_url`: of the bundled mock under test."""

    url: str
    truth_url: str | None
    request: Request
    dialect: Dialect | None
    options: ConnectOptions
    grace_s: float


class Witness(ABC):
    """One witness. Made from its SPEC, opened before the first trial, sampled from a thread of its own, closed.

    `interval_s`: between samples. `counts_tokens`: its counter of work counts tokens one by one. `sure`: its figure is
    known to be a counter. `least_share`: of the time that its work, which is time, must take to say anything.
    `is_called`: the app under test calls it, as it calls an LLM. `is_of_target`: what is under test serves it.
    `leaves_too`: it asks the target itself, and leaves: what goes on then is a leak too.
    """

    kind: ClassVar[str]
    strength: ClassVar[Strength] = Strength.DIRECT
    interval_s: ClassVar[float] = 0.05
    sure: ClassVar[bool] = True
    least_share: ClassVar[float | None] = None
    counts_tokens: bool = False
    is_called: bool = False
    is_of_target: bool = False
    leaves_too: ClassVar[bool] = False

    def open(self) -> None:  # noqa: B027  most need not
        """Gets ready. Raises UsageError for what the words ask for and cannot be had."""

    @abstractmethod
    def sample(self) -> Reading:
        """Looks once. Raises WitnessError."""

    def call_off(self) -> None:  # noqa: B027  most cannot
        """Ends what is still generated, once it is judged, if that is up to this witness."""

    def close(self) -> None:  # noqa: B027  most need not
        """Lets go."""

    @property
    def hint(self) -> str:
        """What may help if it did not move: the other figures that are there."""
        return ""


def checked_url(url: str, kind: str) -> str:
    """A witness's URL. Raises UsageError."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"--witness {kind}:{redact_url(url)}: not a URL that can be asked. Expected {kind}:http://HOST[:PORT]/PATH."
        )
    return url
