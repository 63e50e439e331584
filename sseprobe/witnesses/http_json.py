"""`http-json:URL#/json/pointer`: a counter of work in any JSON document (RFC 6901 for the pointer)."""

from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from sseprobe import json_pointer
from sseprobe.errors import UsageError
from sseprobe.net.fetch import Fetcher
from sseprobe.redaction import redact_url
from sseprobe.stop_detection.samples import Reading
from sseprobe.text import one_line
from sseprobe.witnesses.base import Context, Spec, Witness, WitnessError, checked_url
from sseprobe.witnesses.documents import MOST, fetch_json

_LIMIT_S: Final = 2.0
_SHOWN: Final = 12

SPEC: Final = Spec(
    "http-json",
    "http-json:URL#/json/pointer",
    "a number in any JSON document",
    "a counter or a gauge",
)


class HttpJson(Witness):
    spec = SPEC
    interval_s = 0.025
    sure = False

    def __init__(self, url: str, pointer: str, context: Context) -> None:
        self._url = url
        self._pointer = pointer
        self._fetcher = Fetcher(url, context.options, _LIMIT_S)
        self._keys: list[str] = []

    def sample(self) -> Reading:
        """Fetches the document and follows the pointer."""
        advice = "Check the address, and that the server runs"
        document = fetch_json(self._fetcher, self._url, object, "JSON", advice)
        self._keys = _keys(document)
        value = document
        for place, step in enumerate(steps := json_pointer.parse(self._pointer)):
            value = json_pointer.step_into(value, step)
            if value is json_pointer.ABSENT or value is None:
                at = "/" + "/".join(steps[:place]) if place else "the top"
                parent = json_pointer.value_at(document, steps[:place])
                missing = f"{redact_url(self._url)} has no {one_line(step, 60)!r} at {one_line(at, 120)}"
                raise WitnessError(f"{missing} (pointer {one_line(self._pointer, 120)}); there is {_there(parent)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            wrong = f"{redact_url(self._url)}#{one_line(self._pointer, 120)} is {type(value).__name__}, not a number"
            raise WitnessError(f"{wrong}; there is {_there(value)}" if isinstance(value, dict | list) else wrong)
        if abs(value) > MOST:
            raise WitnessError(
                f"{redact_url(self._url)}#{one_line(self._pointer, 120)} is larger than a counter can be"
            )
        return Reading(work=float(value))

    def close(self) -> None:
        self._fetcher.close()

    @property
    def hint(self) -> str:
        """The keys that are there."""
        return f"Keys in that document: {', '.join(self._keys)}" if self._keys else ""


def _keys(document: Any) -> list[str]:
    return [one_line(str(key), 60) for key in document][:_SHOWN] if isinstance(document, dict) else []


def _there(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_keys(value)) or "an empty object"
    return f"a list of {len(value)}" if isinstance(value, list) else type(value).__name__


def make(words: str, context: Context) -> Witness:
    """From `http-json:URL#/json/pointer`. Raises UsageError."""
    parts = urlsplit(checked_url(words, SPEC.name))
    pointer = unquote(parts.fragment)
    if parts.fragment and not pointer.startswith("/"):
        raise UsageError(
            f"--witness http-json:…#{one_line(parts.fragment, 80)}: not a JSON pointer. "
            "Expected http-json:URL#/path/to/number (RFC 6901)."
        )
    return HttpJson(urlunsplit(parts._replace(fragment="")), pointer, context)
