"""Failures that an app tells in its stream, in every form that apps and frameworks use.

An event named `error`, an object with `error`, and a type `error` are failures whatever follows. All other forms (a
failed status, a framework's exception, a tool's error, …) are only if no text follows: an app may go on after them.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sseprobe import json_pointer
from sseprobe.dialects.base import NO_PAYLOAD, Delta, DeltaKind, as_dict, error_of, payload
from sseprobe.dialects.own import words
from sseprobe.dialects.own.agents import failed_task, text_in
from sseprobe.dialects.own.convention import Steps
from sseprobe.dialects.own.errors_as_text import error_as_text
from sseprobe.sse import Event, IgnoredField, IgnoredReason
from sseprobe.text import scalar, to_json

_CERTAIN: Final = "error"
_MESSAGES: Final = (
    "message", "error", "error_message", "errorMessage", "error_msg", "errorMsg", "err", "exception", "detail", "title",
    "msg", "reason", "content", "data", "text", "description",
)  # fmt: skip
_CODES: Final = ("code", "status_code", "statusCode", "status", "error_code")
_OTHER_FIELDS: Final = (
    "errors", "err", "error_message", "errorMessage", "error_msg", "errorMsg", "errmsg", "exception", "Error",
    "last_error", "error_type", "errorType",
)  # fmt: skip
_WRAPPERS: Final = ("data", "response", "payload", "result", "output", "event", "message")
_FLAGS: Final = ("is_error", "isError", "has_error", "hasError", "failed")
_REASONS: Final = ("reason", "finish", "outcome", "result", *words.STATUS_FIELDS)
_SUCCESS: Final = ("success", "ok")
_NO_FAILURE: Final = frozenset({"", "none", "null", "nil", "0", "false", "ok", "success", "no error", "200"})
_TELLING: Final = frozenset({*_OTHER_FIELDS, *_WRAPPERS, *_REASONS, *_SUCCESS, *_CODES, *_FLAGS})
_MAX_DEPTH: Final = 4
_ERROR_WORDS: Final = (
    "error", "fail", "exception", "not found", "unauthori", "invalid", "forbidden", "timeout", "timed out", "limit",
    "unavailable", "denied", "overload", "quota", "busy",
)  # fmt: skip

WEB_PAGE: Final = "a web page"
_MAX_LINE: Final = 2000
_PAGE: Final = re.compile(r"<(!doctype html|html)\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"<(?:title|h1)\b[^>]*>\s*([^<]*[^<\s])", re.IGNORECASE)
# Envoy, HAProxy, nginx, Cloudflare, AWS: what their own answers say, without a page around it.
_OF_A_PROXY: Final = re.compile(
    r"upstream (?:connect error|request timeout|reset)|no healthy upstream|(?:stream|response|request) timeout"
    r"|(?:\d{3} )?(?:bad gateway|gateway time-?out|service (?:temporarily )?unavailable)\b|error code: \d{3,4}\b",
    re.IGNORECASE,
)


class Failure(NamedTuple):
    """A failure in an event. `is_certain`: also if text follows it. `is_doubtful`: not if an end mark follows."""

    error: Delta
    is_certain: bool = False
    is_doubtful: bool = False


class LateFailure(NamedTuple):
    """A failure that shows once the stream is over. `as_text`: the app sent it as if it were text."""

    error: Delta
    as_text: bool


def failure_in(
    event: Event, value: Any, kinds: tuple[str, ...], at: Steps | None, *, ends: bool = False
) -> Failure | None:
    """The failure that an event tells, None if it tells none.

    `at`: where errors stand, if that was given. `ends`: the event has an end mark, which may say why it ended.
    """
    fields = as_dict(value)
    if at is not None and is_set(found := json_pointer.value_at(value, at)):
        return Failure(_error(found, fields), is_certain=True)
    if kinds and any(kind.lower() == _CERTAIN for kind in kinds):
        return Failure(_named(event, value), is_certain=True)
    if fields and _CERTAIN in fields and (is_set(fields[_CERTAIN]) or _is_nameless(fields)):
        return Failure(_error(fields[_CERTAIN], fields), is_certain=not words.is_about_a_part(kinds, value))
    if kinds and any(map(words.is_failure, kinds)):
        return Failure(_named(event, value))
    if (error := failed_task(value)) is not None:
        return Failure(error, is_certain=True)
    if (error := next(_other_failures(fields, kinds, value, ends), None)) is not None:
        # What has a kind of its own may fail by itself: a title, a check of the answer.
        is_beside = bool(kinds) and not ends and not words.is_about_a_part(kinds, value)
        return Failure(error, is_doubtful=is_beside and not any(":" in kind for kind in kinds))
    if fields.keys() == {"message"} and isinstance(fields["message"], str):
        error = error_as_text(fields["message"], ())
        return None if error is None else Failure(error)
    if fields.keys() == {"detail"}:  # FastAPI's word for what is wrong, and anybody's for anything
        return Failure(_named_by(fields, event.data), is_doubtful=not _names_an_error(fields["detail"]))
    return None


def _is_nameless(fields: dict[str, Any]) -> bool:
    """Whether an event is nothing but an error whose message is empty."""
    error = fields[_CERTAIN]
    return len(fields) == 1 and isinstance(error, dict) and error.get("message") == ""


def _names_an_error(detail: Any) -> bool:
    text = detail if isinstance(detail, str) else to_json(detail)
    return not isinstance(detail, str) or any(word in text.lower() for word in _ERROR_WORDS)


def is_set(value: Any, depth: int = 0) -> bool:
    """Whether what stands in an error's place says that there is one: not `null`, `""`, `{"code": 0}`, `"none"`."""
    if value is json_pointer.ABSENT or not value:
        return False
    if isinstance(value, str):
        return value.strip().lower() not in _NO_FAILURE
    if isinstance(value, float):
        return False  # a rate, or a distance
    if isinstance(value, dict | list) and depth < _MAX_DEPTH:
        inner = value.values() if isinstance(value, dict) else value
        return any(is_set(each, depth + 1) for each in inner)
    return True


def _other_failures(fields: dict[str, Any], kinds: tuple[str, ...], value: Any, ends: bool) -> Iterator[Delta]:
    if not fields:
        first = value[0] if isinstance(value, list) and value else None
        if isinstance(first, str) and words.is_failure(first):
            yield _named_by(as_dict(value[-1]), first)
        elif isinstance(first, dict) and is_set(first.get(_CERTAIN)):
            yield _error(first[_CERTAIN], first)
        return
    if _TELLING.isdisjoint(fields):
        return
    for name in _OTHER_FIELDS:
        if name in fields and not isinstance(fields[name], int) and is_set(fields[name]):
            found = fields[name]
            yield _error(found[0] if isinstance(found, list) else found, fields)
    for name in _WRAPPERS:
        inner = fields.get(name)
        if isinstance(inner, dict):
            if is_set(inner.get(_CERTAIN)):
                yield _error(inner[_CERTAIN], inner)
            elif _fails(inner.get("type")) or _is_failed(inner, ()):
                yield _named_by(inner, str(name))
    if _is_failed(fields, kinds) or (ends and any(_fails(fields.get(name)) for name in _REASONS)):
        yield Delta(DeltaKind.ERROR, scalar(_message(fields)), type=_kind(fields), code=_code(fields))


def _is_failed(fields: dict[str, Any], kinds: tuple[str, ...]) -> bool:
    """Whether fields say so that frameworks use: `{"status": "error"}`, `{"success": false}`, `{"code": 500, …}`."""
    if any(_fails(fields.get(name)) for name in (*words.STATUS_FIELDS, "code")):
        return True
    if any(fields.get(name) is True for name in _FLAGS):
        return True
    if any(fields.get(name) is False for name in _SUCCESS):
        return True
    # A type that is a URL is of a problem's description (RFC 9457), and no kind of event.
    is_typed = any(":" not in kind and "/" not in kind for kind in kinds)
    has_code = any(type(code := fields.get(name)) is int and 400 <= code < 600 for name in _CODES)
    return (
        has_code
        and not is_typed
        and any(isinstance(fields.get(name), str) for name in ("message", "msg", "title", "detail", "content"))
    )


def _fails(value: Any) -> bool:
    return isinstance(value, str) and words.is_failure(value)


def _error(found: Any, around: dict[str, Any]) -> Delta:
    """The error from its field; what it lacks stands beside it in some apps."""
    error = error_of(found[0] if isinstance(found, list) and found else found)
    text = error.text
    if isinstance(found, bool) or (isinstance(found, dict) and not isinstance(found.get("message"), str)):
        text = scalar(_message(found if isinstance(found, dict) else around))
    return Delta(DeltaKind.ERROR, text, type=error.type or _kind(around), code=error.code or _code(around))


def _named(event: Event, value: Any) -> Delta:
    if value is NO_PAYLOAD or isinstance(value, str):
        return Delta(DeltaKind.ERROR, scalar(value if isinstance(value, str) else event.data))
    fields = as_dict(value)
    return _named_by(fields, event.data) if fields else Delta(DeltaKind.ERROR, scalar(event.data))


def _named_by(fields: dict[str, Any], otherwise: str) -> Delta:
    """The error that the fields of an event hold, which says itself that it is one."""
    inner = next((fields[name] for name in (_CERTAIN, *_WRAPPERS) if isinstance(fields.get(name), dict)), None)
    if inner is not None:
        return _error(inner[_CERTAIN] if isinstance(inner.get(_CERTAIN), dict) else inner, fields)
    return Delta(
        DeltaKind.ERROR, scalar(_message(fields) if fields else otherwise), type=_kind(fields), code=_code(fields)
    )


def _message(fields: dict[str, Any]) -> str:
    names = [name for name in _MESSAGES if isinstance(fields.get(name), str) and not words.is_kind_field(name, fields)]
    found: str = next((fields[name] for name in names if fields[name]), "") or text_in(fields.get("content"))
    levels = (fields, as_dict(fields.get("output")))
    if not found and any(_CERTAIN in level and level[_CERTAIN] is None for level in levels):
        return "an error without a message"  # Gradio: {"error": null}
    return found or to_json(fields)


def _kind(fields: dict[str, Any]) -> str | None:
    kind = fields.get("type")
    return scalar(kind) if isinstance(kind, str) and not words.is_failure(kind) else None


def _code(fields: dict[str, Any]) -> str | None:
    code = next((fields[name] for name in _CODES if isinstance(fields.get(name), str | int)), None)
    is_none = code is None or isinstance(code, bool) or (isinstance(code, str) and words.is_failure(code))
    return None if is_none else scalar(str(code))


def failure_in_line(item: IgnoredField) -> Delta | None:
    """The failure in a line that is no field: `error: {…}`, `{"error": …}` without `data:`; None if it tells none.

    No client that follows the specification sees such a line.
    """
    if item.reason is not IgnoredReason.UNKNOWN_NAME:
        return None
    name = item.name.strip().lower()
    if name == "error" or name.endswith(" error"):
        value = payload(Event("", item.value, "", 0, 0))
        return error_of(value if isinstance(value, dict) else item.value or item.name)
    if name.startswith("{"):
        fields = as_dict(payload(Event("", f"{item.name}:{item.value}", "", 0, 0)))
        return error_of(fields["error"]) if fields.get("error") else None
    return None


def foreign_failure(item: IgnoredField) -> Delta | None:
    """The failure in a line that no app writes as an event: a web page, a proxy's text, a traceback; None if it tells
    none. A page of which no title is known yet is `WEB_PAGE`.
    """
    if item.reason is not IgnoredReason.UNKNOWN_NAME:
        return None
    line = (f"{item.name}: {item.value}" if item.value else item.name).strip()[:_MAX_LINE]
    if line.startswith("<"):
        if (title := _TITLE.search(line)) is not None:
            return Delta(DeltaKind.ERROR, scalar(title[1].strip()))
        return Delta(DeltaKind.ERROR, WEB_PAGE) if _PAGE.match(line) else None
    return Delta(DeltaKind.ERROR, scalar(line)) if _OF_A_PROXY.match(line) else error_as_text(line, ())
