"""An app that passes on a vendor's events, and adds its own: failures, which the vendor's dialect does not know."""

from typing import Any

from sseprobe.dialects.base import CONTENT_KINDS, NO_PAYLOAD, Decode, Delta, DeltaKind
from sseprobe.dialects.own import words
from sseprobe.dialects.own.errors import Failure, LateFailure, failure_in
from sseprobe.dialects.own.errors_as_text import error_as_text
from sseprobe.sse import Event


class PassedOn:
    """Reads the events of one stream by the vendor's decoder; those it does not know as an app's own."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._failure: Failure | None = None
        """One behind which no text has come so far."""

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        deltas = self._decode(event, value)
        if any(delta.kind in CONTENT_KINDS for delta in deltas):
            self._failure = None
        if any(delta.kind is not DeltaKind.UNKNOWN for delta in deltas):
            return deltas
        if value is NO_PAYLOAD and event.type == "message":
            error = error_as_text(event.data, ())
            failure = None if error is None else Failure(error)
        else:
            failure = failure_in(event, value, words.kinds_of(event, value), None)
        if failure is not None and failure.is_certain:
            return (failure.error,)
        self._failure = failure or self._failure
        return deltas

    def at_end(self) -> LateFailure | None:
        """The failure that shows once the stream is over; None if there is none."""
        return None if self._failure is None else LateFailure(self._failure.error, as_text=False)
