"""What has come of one stream so far: counted, timed, and kept as far as reports and its ending need it. No I/O."""

from typing import Final

from sseprobe.dialects.base import CONTENT_KINDS, Delta, DeltaKind, EndRule
from sseprobe.http_exchange import Read
from sseprobe.sse import Comment, IgnoredField, Item, LimitExceeded, Tail
from sseprobe.streams.ending import MAX_CHOICES
from sseprobe.streams.ignored_lines import IgnoredLines
from sseprobe.streams.kept_answer import MAX_NAME_CHARS, KeptAnswer
from sseprobe.streams.metrics import Meter
from sseprobe.streams.recognition import Recognition

_ENDS: Final = frozenset({DeltaKind.END, DeltaKind.ERROR})
_MAX_UNKNOWN_TYPES: Final = 5


class StreamTally:
    """One stream, from its first event. Feed it what a chunk completed, then the chunk's read.

    `ended`: the terminator has come; `doubt`: why that may not be the end. `choices`: those that began; `incomplete`:
    what is missing from their answers. `merged`: how many JSON documents one event held, the first time that happened.
    """

    def __init__(self, recognition: Recognition, ttfb_ns: int | None) -> None:
        self.meter = Meter()
        self.meter.ttfb_ns = ttfb_ns
        self.comments = 0
        self.heartbeats = 0
        self.content_deltas = 0
        self.finish_reasons: dict[int, str] = {}
        self.incomplete_choices: dict[int, str] = {}
        self.error: Delta | None = None
        self.merged = 0
        self.ignored = IgnoredLines()
        self.tail: Tail | None = None
        self.unknown_events = 0
        self.unknown_types: dict[str, None] = {}
        self.over_limit: LimitExceeded | None = None
        self.answer = KeptAnswer()
        self.choices: set[int] = set()
        self.ended = False
        self.doubt = ""
        self._recognition = recognition
        self._read_events = 0
        self._read_content_events = 0
        self._read_ends = False
        """Whether the dialect's end, or an error, came last in the read."""

    @property
    def incomplete(self) -> str | None:
        """What is missing from the answer, as the first choice that names it does; None if none does."""
        return self.incomplete_choices[min(self.incomplete_choices)] if self.incomplete_choices else None

    def add_event(self, deltas: tuple[Delta, ...]) -> None:
        """Counts an event, and takes what it decodes to."""
        before = self.content_deltas
        for delta in deltas:
            self._add_delta(delta)
            if delta.kind in CONTENT_KINDS and (delta.text or delta.name):
                self.content_deltas += 1
                self._read_ends = False
            elif delta.kind in _ENDS or (delta.kind is DeltaKind.FINISH and self._ends_by_finish):
                self._read_ends = True
        self._read_events += 1
        self._read_content_events += self.content_deltas > before

    @property
    def _ends_by_finish(self) -> bool:
        return self._recognition.dialect.end_rule is EndRule.FINISH

    def add_read(self, read: Read) -> None:
        """Times what a chunk of a read completed: the events and items that were added since the last one."""
        self.meter.add(read, self._read_events, self._read_content_events, ended=self._read_ends)
        self._read_events = self._read_content_events = 0
        self._read_ends = False

    def add_item(self, item: Item) -> None:
        """Counts an item that is not an event."""
        if isinstance(item, Comment):
            self.comments += 1
        elif isinstance(item, LimitExceeded) and self.over_limit is None:
            self.over_limit = item
        elif isinstance(item, Tail):
            self.tail = item
            if item.ignored is not None:
                self.ignored.take(item.ignored)
        elif isinstance(item, IgnoredField):
            self.ignored.take(item)

    def _add_delta(self, delta: Delta) -> None:
        match delta.kind:
            case DeltaKind.TEXT | DeltaKind.REASONING | DeltaKind.REFUSAL:
                if self._recognition.may_go_on:
                    self.ended = False  # so that was no end mark
                self.answer.add_text(delta)
            case DeltaKind.TOOL_CALL:
                self.answer.add_tool_call(delta)
            case DeltaKind.CITATION:
                self.answer.add_citation(delta)
            case DeltaKind.STEP:
                self.answer.begin_step()
            case DeltaKind.RESET:
                self.answer.reset_step()
            case DeltaKind.OPEN:
                self._open(delta.choice)
            case DeltaKind.FINISH:
                self._finish(delta)
            case DeltaKind.USAGE:
                self._add_usage(delta)
            case DeltaKind.ERROR:
                self.error = self.error or delta
            case DeltaKind.END:
                self.ended, self.doubt = True, delta.text
            case DeltaKind.HEARTBEAT:
                self.heartbeats += 1
            case DeltaKind.UNKNOWN:
                self.unknown_events += 1
                if len(self.unknown_types) < _MAX_UNKNOWN_TYPES:
                    self.unknown_types[(delta.type or "?")[:MAX_NAME_CHARS]] = None

    def _add_usage(self, delta: Delta) -> None:
        if delta.output_tokens is not None:
            self.meter.output_tokens = delta.output_tokens
        if delta.input_tokens is not None:
            self.meter.input_tokens = delta.input_tokens

    def _finish(self, delta: Delta) -> None:
        if delta.choice in self.choices:
            self.finish_reasons[delta.choice] = delta.text[:MAX_NAME_CHARS]
            if delta.incomplete:
                self.incomplete_choices[delta.choice] = delta.incomplete

    def _open(self, choice: int) -> None:
        if len(self.choices) <= MAX_CHOICES:
            self.choices.add(choice)
        if self._ends_by_finish:
            # The last event of a choice counts: what continues has not finished.
            self.finish_reasons.pop(choice, None)
            self.incomplete_choices.pop(choice, None)
