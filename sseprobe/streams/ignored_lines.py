"""Lines that are not fields of an event stream: every client drops them, with what they hold. Pure."""

from sseprobe.dialects.base import Delta
from sseprobe.dialects.own.errors import WEB_PAGE, failure_in_line, foreign_failure
from sseprobe.sse import IgnoredField, IgnoredReason
from sseprobe.text import one_line

_BOM = "\ufeff"
_KNOWN_FIELDS = frozenset({"data", "event", "id", "retry"})
_BEGINS_JSON = ("{", "[", '"', "}", "]")
_MAX_SHOWN = 160


def looks_like_payload(field: IgnoredField) -> bool:
    """Whether an ignored line plainly was to be payload: bare JSON, or a field name in another spelling."""
    name = field.name.lstrip(_BOM)
    if name != field.name:
        return False  # SSE003
    return name.strip().lower() in _KNOWN_FIELDS or name.lstrip()[:1] in _BEGINS_JSON


def as_sent(field: IgnoredField) -> str:
    """The line, on one line and of bounded length."""
    return one_line(f"{field.name}: {field.value}" if field.value else field.name, _MAX_SHOWN)


class IgnoredLines:
    """The ignored lines of one stream. Holds the first of each kind, no more.

    `failure`: what they say went wrong; `is_foreign`: in a page or a text that stands in place of events.
    """

    def __init__(self) -> None:
        self.failure: Delta | None = None
        self.is_foreign = False
        self._first: IgnoredField | None = None
        self._count = 0
        self._first_lost: IgnoredField | None = None
        self._lost = 0

    def take(self, field: IgnoredField) -> None:
        if self.failure is None or self.failure.text == WEB_PAGE:
            self._look_for_failure(field)
        self._count += 1
        self._first = self._first or field
        if _is_content(field):
            self._lost += 1
            self._first_lost = self._first_lost or field

    def _look_for_failure(self, field: IgnoredField) -> None:
        own, foreign = failure_in_line(field), foreign_failure(field)
        if own is not None or foreign is not None:
            self.failure, self.is_foreign = own or foreign, own is None

    @property
    def lost(self) -> str:
        """What of the answer is in them, as a sentence; empty if nothing is recognised."""
        if self._first_lost is None:
            return ""
        lines = "a line" if self._lost == 1 else f"{self._lost} lines"
        verb, them = ("is", "it") if self._lost == 1 else ("are", "them")
        sent = as_sent(self._first_lost)
        return f"{lines} of payload {verb} not in a data field, so every client drops {them}: {sent}"

    @property
    def note(self) -> str | None:
        """How many there are, and what the first holds; None if there are none."""
        if self._first is None:
            return None
        if self._first.name.startswith("\x1f\ufffd"):
            return "the body is compressed with gzip, but no Content-Encoding header names it: no client can read it"
        if self._first.name.startswith("\ufffd\ufffd") and "\0" in self._first.name:
            return "the body is UTF-16, but an event stream must be UTF-8: no client can read it"
        lines = "1 line is not a field" if self._count == 1 else f"{self._count} lines are not fields"
        note = f"{lines} of an event stream, ignored by every client; the first: {as_sent(self._first)}"
        return note if self.failure is None or self.failure.text == WEB_PAGE else f"{note}; error: {self.failure.text}"


def _is_content(field: IgnoredField) -> bool:
    """Whether a line was to be data: an end mark, an id or a retry in another spelling takes no text away."""
    if field.reason is not IgnoredReason.UNKNOWN_NAME or field.name.startswith(_BOM):
        return False
    name = field.name.strip()
    return name.lower() == "data" or (name[:1] in ("{", "[", '"') and not name.startswith("[DONE]"))
