"""`llamacpp-slots:URL`: which slots of a llama-server are busy, and what each has decoded.

`n_decoded` falls back to 0 when its slot is released, so that only what it grows by is added up. It stands in
`next_token`, an object or, in newer versions, a list of one.
"""

from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from sseprobe.net.fetch import Fetcher
from sseprobe.stop_detection.samples import Reading
from sseprobe.witnesses.base import Context, Spec, Witness, checked_url
from sseprobe.witnesses.documents import MOST, fetch_json

_PATH: Final = "/slots"
_LIMIT_S: Final = 2.0


class _Slot(msgspec.Struct, frozen=True):
    """What is used of a slot."""

    id: int = 0
    id_task: int = -1
    is_processing: bool = False
    next_token: Any = None

    @property
    def decoded(self) -> int:
        """Tokens decoded for its task so far."""
        first = self.next_token[0] if isinstance(self.next_token, list) and self.next_token else self.next_token
        count = first.get("n_decoded") if isinstance(first, dict) else None
        return count if isinstance(count, int) and count <= MOST else 0


SPEC: Final = Spec(
    "llamacpp-slots",
    "llamacpp-slots:URL",
    "the slots of a llama-server",
    "a counter of tokens and a gauge of requests",
)


class Slots(Witness):
    """Counts busy slots and decoded tokens."""

    spec = SPEC
    interval_s = 0.025
    counts_tokens = True

    def __init__(self, url: str, context: Context) -> None:
        self._url = url
        self._fetcher = Fetcher(url, context.options, _LIMIT_S)
        self._decoded: dict[tuple[int, int], int] = {}
        self._work = 0

    def sample(self) -> Reading:
        advice = "llama-server shows its slots unless started with --no-slots"
        slots = fetch_json(self._fetcher, self._url, list[_Slot], "llama-server's list of slots", advice)
        now = {(slot.id, slot.id_task): slot.decoded for slot in slots}
        self._work += sum(max(0, count - self._decoded.get(place, 0)) for place, count in now.items())
        self._decoded = now
        return Reading(work=float(self._work), running=sum(slot.is_processing for slot in slots))

    def close(self) -> None:
        self._fetcher.close()


def make(words: str, context: Context) -> Witness:
    """From `llamacpp-slots:URL`, the server's base URL or its `/slots`. Raises UsageError."""
    url = checked_url(words, SPEC.name)
    return Slots(url if urlsplit(url).path.rstrip("/").endswith(_PATH) else url.rstrip("/") + _PATH, context)
