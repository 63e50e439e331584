"""Reads one stream of an app's own, event by event, by what is known of it. Total: it never raises."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sseprobe import json_pointer
from sseprobe.dialects.base import NO_PAYLOAD, Delta, DeltaKind, as_count, as_dict, as_text, payload
from sseprobe.dialects.own import words
from sseprobe.dialects.own.agents import awaited_after
from sseprobe.dialects.own.convention import Mark, Steps
from sseprobe.dialects.own.errors import Failure, LateFailure, failure_in
from sseprobe.dialects.own.errors_as_text import error_as_text
from sseprobe.dialects.own.event_format import EventFormat, Payloads
from sseprobe.dialects.own.fields import is_no_answer, other_text, reasoning_in
from sseprobe.dialects.own.marks import is_literal, marks_in
from sseprobe.sse import Event
from sseprobe.text import scalar

_INCOMPLETE: Final = {
    "length": "length", "max_tokens": "length", "max_output_tokens": "length", "content_filter": "content-filter",
    "content-filter": "content-filter", "safety": "content-filter",
}  # fmt: skip
_OUTPUT: Final = (
    "output_tokens", "completion_tokens", "output", "completion", "generated_tokens", "tokens", "eval_count",
)  # fmt: skip
_INPUT: Final = ("input_tokens", "prompt_tokens", "input", "prompt")
_MOST_PIECES: Final = 1024
_PIECE_CHARS: Final = 200
_ENOUGH_PIECES: Final = 4
_ENOUGH_CHARS: Final = 16
_BEGINNING_CHARS: Final = 30
_NEARLY_ALL: Final = 0.8
_MOST_FOLDED_CHARS: Final = 1 << 20
_FENCE: Final = "```"
_TAIL_CHARS: Final = 2000
_MOST_TRIES: Final = 20


class OwnDecoder:
    """The events of one stream, from its beginning. `end_mark`: the last that has come; `awaited`: what an agent's
    protocol still asks for.
    """

    def __init__(self, event_format: EventFormat) -> None:
        self._format = event_format
        self.end_mark: Mark | None = None
        self.awaited = ""
        self._failure: Failure | None = None
        """One behind which no text has come so far."""
        self._held = ""
        """What looked like an end mark: text, if more text follows."""
        self._pieces: list[str] = []
        """The beginnings of the pieces of text."""
        self._tail = ""
        """The end of the text."""
        self._so_far = ""
        """The last text, where each event repeats it."""
        self._folded: list[str] = []
        self._folded_chars = 0
        self._kinds: tuple[str, ...] | None = None
        """Of the events that hold the text."""

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        """Event -> what it says."""
        given = self._format.given
        if (awaited := awaited_after(event, value)) is not None:
            self.awaited = awaited
        kinds = words.kinds_of(event, value)
        if kinds and is_heartbeat(kinds):
            return (Delta(DeltaKind.HEARTBEAT),)
        marks = marks_of(event, value, given.done)
        failure = failure_in(event, value, kinds, given.error, ends=bool(marks))
        if failure is not None and failure.is_certain:
            return (failure.error, *_usage(value, given.tokens))
        deltas = list(self._content(event, value, kinds, marks))
        if failure is not None:
            self._failure = failure
        elif self._goes_on(value, marks, deltas):
            self._failure = None
        deltas += _usage(value, given.tokens)
        if marks:
            if self._failure is not None and self._failure.is_doubtful:
                self._failure = None
            deltas += _finish(value, marks)
            self.end_mark = marks[0]
            deltas.append(Delta(DeltaKind.END))
        return tuple(deltas)

    def _goes_on(self, value: Any, marks: list[Mark], deltas: list[Delta]) -> bool:
        """Whether an event brings more of the answer: text that is no end's, and no message of another kind."""
        if marks or self._failure is None or self._format.payloads is Payloads.MESSAGES:
            return False
        is_message = self._format.payloads is Payloads.TEXT and isinstance(value, dict)
        return not is_message and any(delta.kind is DeltaKind.TEXT and delta.text.strip() for delta in deltas)

    def at_end(self, *, in_chunks: bool) -> LateFailure | None:
        """The failure that shows once the stream is over; None if there is none.

        `in_chunks`: the body is text, and its pieces are its chunks.
        """
        if self._failure is not None:
            return LateFailure(self._failure.error, as_text=False)
        if not self._pieces or self._format.payloads is Payloads.MESSAGES:
            return None
        last = self._pieces[-1]
        error = error_as_text(last, self._pieces[:-1], in_code=_FENCE in last)
        if error is None and in_chunks:
            error = _error_behind_text(self._tail)
        return None if error is None else LateFailure(error, as_text=True)

    def _content(self, event: Event, value: Any, kinds: tuple[str, ...], marks: list[Mark]) -> Iterator[Delta]:
        event_format = self._format
        match event_format.payloads:
            case Payloads.OBJECTS | Payloads.STRINGS if value is NO_PAYLOAD and event.data:
                if (error := error_as_text(event.data, self._pieces)) is not None:
                    yield error
                elif not marks and not is_literal(event.data):
                    is_ping = event.data.strip().lower() in words.HEARTBEATS
                    yield (
                        Delta(DeltaKind.HEARTBEAT) if is_ping else Delta(DeltaKind.UNKNOWN, event.data, type="not JSON")
                    )
            case Payloads.OBJECTS if event_format.given.text is not None:
                found = json_pointer.value_at(value, event_format.given.text)
                yield from self._text(found if isinstance(found, str) else "", kinds)
            case Payloads.OBJECTS if isinstance(value, dict | list):
                yield from self._of_object(value, kinds, marks)
            case Payloads.STRINGS if isinstance(value, str):
                yield from self._text_or_mark(value, kinds, marks)
            case Payloads.TEXT if not self._holds_no_text(kinds):
                is_other = isinstance(value, dict) and bool(kinds) and kinds != self._kinds
                yield from self._text_or_mark("" if is_other else event.data, kinds, marks)
            case Payloads.MESSAGES if event.data and not marks:
                yield from self._text(event.data, kinds)

    def _of_object(self, value: Any, kinds: tuple[str, ...], marks: list[Mark]) -> Iterator[Delta]:
        if words.names_any(kinds, words.REASONING_KINDS):
            text = json_pointer.value_at(value, self._format.text or ())
            for reasoning in (text,) if isinstance(text, str) and text else reasoning_in(value):
                yield from _reasoning(reasoning)
            return
        text = "" if self._holds_no_text(kinds) else self._find(value)
        if not text or (isinstance(value, dict) and not words.REASONING_FIELDS.isdisjoint(value)):
            for reasoning in reasoning_in(value):
                yield from _reasoning(reasoning)
        if not text:
            return
        if any(literal == text for mark in marks for _, literal in mark.values):
            self._held += text
        elif not self._is_whole_answer(text, kinds, marks):
            yield from self._text(self._what_is_new(text), kinds)

    def _holds_no_text(self, kinds: tuple[str, ...]) -> bool:
        return not self._format.any_kind and words.holds_no_text(kinds)

    def _find(self, value: Any) -> str:
        """The text of an event; another field's where the known one is empty."""
        steps = self._format.text
        if steps is None:
            return ""
        text = json_pointer.value_at(value, steps)
        if isinstance(text, str) and text and not is_no_answer(value, steps):
            return text
        other = other_text(value, steps)
        return other[1] if other else ""

    def _what_is_new(self, text: str) -> str:
        """The text without what was there before, where each event repeats it."""
        if not self._format.grows:
            return text
        before, self._so_far = self._so_far, text
        return text[len(before) :] if text.startswith(before) else text

    def _is_whole_answer(self, text: str, kinds: tuple[str, ...], marks: list[Mark]) -> bool:
        """Whether this is the answer once more, as some apps send it at the end, and no piece of it."""
        if len(self._pieces) < 2 or self._format.grows or self._folded_chars > _MOST_FOLDED_CHARS:
            return False
        is_another_kind = bool(marks) or kinds != self._kinds
        folded = "".join(text.split())
        if len(folded) < _NEARLY_ALL * self._folded_chars:
            return False
        whole = "".join(self._folded)
        if folded == whole:
            return is_another_kind or (len(self._pieces) >= _ENOUGH_PIECES and len(folded) >= _ENOUGH_CHARS)
        same_beginning = folded[:_BEGINNING_CHARS] == whole[:_BEGINNING_CHARS]
        return is_another_kind and len(whole) >= _BEGINNING_CHARS and same_beginning

    def _text_or_mark(self, text: str, kinds: tuple[str, ...], marks: list[Mark]) -> Iterator[Delta]:
        """The text; a literal end mark is held back, and is text after all if more of it comes."""
        if marks and (is_literal(text) or not kinds or words.ends_the_stream(text) or text.startswith("{")):
            self._held += "" if kinds else text
        else:
            yield from self._text(text, kinds)

    def _text(self, text: str, kinds: tuple[str, ...]) -> Iterator[Delta]:
        if not text:
            return
        text, self._held = self._held + text, ""
        self._kinds = kinds if self._kinds is None else self._kinds
        if len(self._pieces) == _MOST_PIECES:
            del self._pieces[: _MOST_PIECES // 2]
        if not text.strip():
            yield Delta(DeltaKind.TEXT, scalar(text))
            return
        self._pieces.append(text if len(text) <= _PIECE_CHARS else text[:_PIECE_CHARS] + "\n" + text[-_PIECE_CHARS:])
        self._tail = (self._tail + text)[-_TAIL_CHARS:]
        self._folded_chars += len(text)
        if self._folded_chars <= _MOST_FOLDED_CHARS:
            folded = "".join(text.split())
            self._folded_chars += len(folded) - len(text)
            self._folded.append(folded)
        else:
            self._folded.clear()
        yield Delta(DeltaKind.TEXT, scalar(text))


def marks_of(event: Event, value: Any, given: Sequence[Mark]) -> list[Mark]:
    """The end marks in an event: of those that are given, or else those that are told by their form."""
    if given:
        return [mark for mark in given if mark.is_in(event, value)]
    return list(marks_in(event, value))


def is_heartbeat(kinds: tuple[str, ...]) -> bool:
    """Whether an event of these kinds only keeps the connection alive: it is named so."""
    return bool(kinds) and all(kind.lower() in words.HEARTBEATS for kind in kinds)


def _error_behind_text(tail: str) -> Delta | None:
    """The error in a JSON object, or in a part of the AI SDK's older data stream, at the end of a body of text."""
    for line in tail.strip().split("\n")[-3:]:
        if (error := error_as_text(line, ())) is not None and line[:2] == "3:":
            return error
    start = len(tail)
    for _ in range(_MOST_TRIES):
        start = tail.rfind("{", 0, start)
        if start < 0:
            return None
        event = Event("message", tail[start:], "", 0, 0)
        value = payload(event)
        if isinstance(value, dict) and (failure := failure_in(event, value, (), None)) is not None:
            return failure.error
    return None


def _reasoning(text: str) -> Iterator[Delta]:
    if text:
        yield Delta(DeltaKind.REASONING, scalar(text))


def _usage(value: Any, at: Steps | None) -> Iterator[Delta]:
    if at is not None:
        tokens = as_count(json_pointer.value_at(value, at))
        if tokens is not None:
            yield Delta(DeltaKind.USAGE, output_tokens=tokens)
        return
    usage = as_dict(as_dict(value).get("usage"))
    if usage:
        output, read = (
            next((count for name in names if (count := as_count(usage.get(name))) is not None), None)
            for names in (_OUTPUT, _INPUT)
        )
        if output is not None or read is not None:
            yield Delta(DeltaKind.USAGE, output_tokens=output, input_tokens=read)


def _finish(value: Any, marks: list[Mark]) -> Iterator[Delta]:
    for mark in marks:
        if mark.filled is not None:
            reason = as_text(json_pointer.value_at(value, mark.filled))
            yield Delta(DeltaKind.OPEN)
            yield Delta(DeltaKind.FINISH, reason, incomplete=_INCOMPLETE.get(reason.lower()))
            if words.is_failure(reason):
                message = as_dict(value).get("message")
                text = message if isinstance(message, str) else f"the app stopped with {mark.words} = {reason}"
                yield Delta(DeltaKind.ERROR, scalar(text), type=reason)
            return
