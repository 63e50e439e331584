"""End marks that apps use, told by their form: `[DONE]`, an event `done`, `{"done": true}`, a finish reason."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.own import words
from sseprobe.dialects.own.convention import Mark, shape_of
from sseprobe.sse import Event

_LITERAL: Final = re.compile(r"[\[<{|_#/]+(?P<word>[A-Za-z]+(?:[ _-][A-Za-z]+){0,2})[\]>}|_#]+")
_OPENS: Final = frozenset("[<{|_#")
_BARE: Final = frozenset({"DONE", "END_OF_STREAM", "STREAM_END", "</s>"})
_MORE_ENDS: Final = frozenset({"endoftext", "endofstream", "streamend", "im_end", "eot"})
_KINDS_AND_STATES: Final = frozenset({*words.KIND_FIELDS, *words.STATUS_FIELDS})
_QUEUE_ENDS: Final = ("process_completed", "close_stream")  # Gradio's
_MAX_DEPTH: Final = 4
_MOST_VALUES: Final = 64


def marks_in(event: Event, value: Any) -> Iterator[Mark]:
    """The end marks that this event is, or holds."""
    if event.type != "message" and words.ends_the_stream(event.type):
        yield Mark(event.type)
    if type(value) is dict:
        kinds = words.kinds_of(event, value)
        if words.is_about_a_part(kinds, value) or words.is_beside_the_answer(kinds):
            return
        yield from _in_payload(value, ())
        if "jsonrpc" in value and type(result := value.get("result")) is dict and type(result.get("content")) is list:
            # MCP: the answer to the call, behind which the stream ends; notifications come before it.
            yield Mark(shape=shape_of(event, value))
        if "event_id" in value and value.get("msg") in _QUEUE_ENDS:
            yield Mark(values=((("msg",), value["msg"]),))
        if "token" in value and type(text := value.get("generated_text")) is str and text:
            # Hugging Face's TGI: null in all events but the last.
            yield Mark(filled=("generated_text",))
    elif is_literal(event.data) or (type(value) is str and is_literal(value)):
        yield Mark(event.data.strip())


def is_literal(data: str) -> bool:
    """Whether this is a word that ends a stream, set off as no text is: `[DONE]`, `<|end|>`, `__END__`, `DONE`."""
    if len(data) > words.MAX_NAME_CHARS or data in _BARE:
        return data in _BARE
    return _is_bracketed(data.strip())


def _is_bracketed(data: str) -> bool:
    if len(data) > words.MAX_NAME_CHARS or data[:1] not in _OPENS:
        return False
    found = _LITERAL.fullmatch(data)
    word = found["word"].lower() if found else ""
    return bool(word) and (words.ends_the_stream(word) or word in _MORE_ENDS)


def _in_payload(fields: dict[Any, Any], at: tuple[str, ...]) -> Iterator[Mark]:
    for name, value in fields.items() if len(fields) <= _MOST_VALUES else list(fields.items())[:_MOST_VALUES]:
        kind = type(value)
        if kind is bool:
            if value and name.lower() in words.END_FLAGS:
                yield Mark(values=(((*at, name), True),))
        elif kind is str:
            lower = name.lower()
            if lower in words.FINISH_FIELDS:
                if words.is_final(value):
                    yield Mark(filled=(*at, name))
            elif (lower in _KINDS_AND_STATES and words.ends_the_stream(words.state_of(value))) or (
                _is_bracketed(value) and words.is_text_field(lower)
            ):
                yield Mark(values=(((*at, name), value),))
        elif len(at) < _MAX_DEPTH - 1:
            if kind is dict:
                yield from _in_payload(value, (*at, name))
            elif kind is list and value and type(value[0]) is dict:
                yield from _in_payload(value[0], (*at, name, "0"))
