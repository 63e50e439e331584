"""Failures that an app tells in its stream: which events are one, and what they say."""

from typing import Any

import pytest

from sseprobe.dialects.base import Delta
from sseprobe.dialects.own import words
from sseprobe.dialects.own.errors import failure_in
from sseprobe.dialects.own.errors_as_text import error_as_text
from sseprobe.sse import Event
from tests.support.own_events import event

STEPS = ("fault",)


def error_in(told: Event, value: Any, at: tuple[str, ...] | None) -> Delta | None:
    """The failure that an event tells, whatever follows it."""
    found = failure_in(told, value, words.kinds_of(told, value), at)
    return found.error if found is not None else None


@pytest.mark.parametrize(
    ("value", "name", "text", "kind", "code"),
    [
        # The event's name says so, whatever stands in it.
        ("overloaded", "error", "overloaded", None, None),
        ("", "error", "", None, None),
        ('"overloaded"', "error", "overloaded", None, None),
        ("500", "error", "500", None, None),
        ("[1]", "error", "[1]", None, None),
        ({"message": "overloaded", "code": "busy"}, "error", "overloaded", None, "busy"),
        ({"detail": "overloaded"}, "error", "overloaded", None, None),
        ({"error": {"message": "overloaded", "type": "api"}}, "error", "overloaded", "api", None),
        ({"data": {"msg": "overloaded", "code": 3}}, "error", "overloaded", None, "3"),
        ({"x": 1}, "error", '{"x":1}', None, None),
        ({"message": ""}, "error", '{"message":""}', None, None),
        ("x", "Exception", "x", None, None),
        ("x", "stream_error", "x", None, None),
        ({"tool": "search", "message": "no"}, "error", "no", None, None),
        # Its payload's type says so.
        ({"type": "error", "message": "overloaded"}, None, "overloaded", None, None),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}, None, "m", "overloaded_error", None),
        ({"event": "failed", "reason": "quota"}, None, "quota", None, None),
        ({"type": "error", "content": "quota", "status": 429}, None, "quota", None, "429"),
        ({"kind": "FATAL", "text": "quota"}, None, "quota", None, None),
        # An object that has `error`.
        ({"error": "overloaded"}, None, "overloaded", None, None),
        ({"error": {"message": "overloaded", "code": 503}}, None, "overloaded", None, "503"),
        ({"error": {"code": 1}}, None, '{"code":1}', None, "1"),
        ({"error": "overloaded", "code": "busy", "type": "token"}, None, "overloaded", "token", "busy"),
        ({"error": True, "message": "overloaded"}, None, "overloaded", None, None),
        ({"error": True, "detail": "overloaded"}, None, "overloaded", None, None),
        ({"error": 5}, None, "5", None, None),
        ({"errors": [{"message": "first"}, {"message": "second"}]}, None, "first", None, None),
        ({"errors": "several"}, None, "several", None, None),
        ({"token": "half", "error": "overloaded"}, None, "overloaded", None, None),
        # What frameworks make of an exception.
        ({"detail": "Internal Server Error"}, None, "Internal Server Error", None, None),
        ({"status": "error", "message": "overloaded"}, None, "overloaded", None, None),
        ({"success": False, "message": "overloaded"}, None, "overloaded", None, None),
        ({"ok": False}, None, '{"ok":false}', None, None),
        ({"code": 500, "msg": "overloaded"}, None, "overloaded", None, "500"),
        ({"status_code": 429, "detail": "slow down", "request_id": "a"}, None, "slow down", None, "429"),
    ],
)  # fmt: skip
def test_errors(value: Any, name: str | None, text: str, kind: str | None, code: str | None) -> None:
    error = error_in(*event(value, name or "message"), at=None)
    assert error is not None
    assert (error.text, error.type, error.code) == (text, kind, code)


@pytest.mark.parametrize(
    "value",
    [
        "Error: overloaded",  # text alone: see below
        {"token": "error"},
        {"token": "x", "error": None},
        {"token": "x", "error": ""},
        {"token": "x", "error": False},
        {"token": "x", "error": {}},
        {"token": "x", "errors": []},
        {"token": "x", "detail": "see page 4"},
        {"message": "hello"},
        {"message": "hello", "status": "ok"},
        {"code": 200, "message": "hello"},
        {"code": 42, "message": "hello"},
        {"code": True, "message": "hello"},
        {"success": True, "message": "hello"},
        {"type": "error_rate", "value": 4},
        {"token": "x", "error": {"message": None, "code": None}},
        {"token": "x", "error": {"code": 0, "message": "ok"}},
        {"token": "x", "error": "none"},
        {"message": "hello", "type": "token", "code": 500},
        {"errors": {"count": 0}},
        {},
        [],
        "null",
        "{broken",
    ],
    ids=str,
)
def test_no_errors(value: Any) -> None:
    assert error_in(*event(value), at=None) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"fault": "overloaded"}, "overloaded"),
        ({"fault": {"message": "overloaded"}}, "overloaded"),
        ({"fault": True, "message": "overloaded"}, "overloaded"),
        ({"tool": "x", "fault": "overloaded"}, "overloaded"),
        ({"fault": 7}, "7"),
        ({"fault": ["a"]}, "a"),
    ],
)
def test_a_given_place_is_where_errors_are(value: Any, text: str) -> None:
    error = error_in(*event(value), at=STEPS)
    assert error is not None
    assert error.text == text


@pytest.mark.parametrize(
    "value", [{"fault": None}, {"fault": ""}, {"fault": False}, {"fault": []}, {"token": "x"}, "x"]
)
def test_nothing_at_the_given_place_is_no_error(value: Any) -> None:
    assert error_in(*event(value), at=STEPS) is None


def test_a_given_place_is_one_more() -> None:
    assert error_in(*event({"error": "overloaded"}), at=STEPS) is not None
    assert error_in(*event("overloaded", "error"), at=STEPS) is not None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        # About a part of the work: the app may go on after it.
        ({"type": "tool_result", "error": "no such city"}, None),
        ({"tool": "weather", "error": "no such city"}, None),
        ({"type": "step", "status": "error", "message": "again"}, None),
        ({"node": "retrieve", "errors": ["none found"]}, None),
        ({"error": "no"}, "tool_error"),
        # In other words than `error`.
        ({"token": "x", "status": "error"}, None),
        ({"type": "llm_error", "message": "m"}, None),
        ({"type": "response.failed", "response": {"error": {"message": "m"}}}, None),
        ({"data": {"error": "m"}}, None),
        ({"error_message": "m"}, None),
        ({"error_code": 336100, "error_msg": "m"}, None),
        ({"statusCode": 500, "message": "Internal server error"}, None),
        ({"type": "about:blank", "title": "Internal Server Error", "status": 500}, None),
        ({"success": False, "content": "m"}, None),
        ({"state": "failed", "id": 4}, None),
        (["error", {"message": "m"}], None),
        ({}, "timeout"),
        ("x", "abort"),
    ],
    ids=str,
)
def test_failures_unless_text_follows(value: Any, name: str | None) -> None:
    told, payload = event(value, name or "message")
    found = failure_in(told, payload, words.kinds_of(told, payload), None)
    assert found is not None
    assert not (found.is_certain and name is None)


@pytest.mark.parametrize("field", ["reason", "status", "finish"])
def test_an_end_may_say_that_it_is_a_failure(field: str) -> None:
    told, payload = event({field: "aborted", "done": True})
    assert failure_in(told, payload, (), None, ends=True) is not None


def test_what_is_shown_of_an_error_is_text() -> None:
    error = error_in(*event('{"error": "\\ud800 x"}'), at=None)
    assert error is not None
    assert error.text.encode()


# --- failures told as text

PIECES = ["The", " keeper", " lit", " the", " lamp"]
LINES = ["The keeper lit the lamp.", "He did so every night."]


@pytest.mark.parametrize("before", [[], PIECES], ids=["alone", "behind pieces"])
@pytest.mark.parametrize(
    "text",
    [
        "Error: the model is overloaded",
        "error: no credits",
        "\n\nError: no credits",
        "⚠️ Error: no credits",
        "❌ no credits",
        "[ERROR] no credits",
        "[StreamError] no credits",
        "<error>no credits",
        "**Error** no credits",
        "Internal Server Error",
        "An error occurred while generating",
        "An unexpected error has occurred: quota",
        "Traceback (most recent call last): …",
        "openai.RateLimitError: 429",
        "OpenAI API error: 429",
        "Exception: no credits",
        "ValueError - no credits",
    ],
)
def test_a_last_piece_that_is_plainly_an_error(text: str, before: list[str]) -> None:
    error = error_as_text(text, before)
    assert error is not None
    assert error.text == text.strip()


@pytest.mark.parametrize("before", [[], PIECES], ids=["alone", "behind pieces"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "no errors here",
        "errors: 3",
        "The error is mine",
        "Errors and omissions",
        "an error of judgement",
        "He said: Error: none",
        "erroneous: yes",
        "[DONE]",
        "<errors>",
    ],
)
def test_texts_that_are_no_errors(text: str, before: list[str]) -> None:
    assert error_as_text(text, before) is None


@pytest.mark.parametrize("text", ["Error:", "error", " Error", "[ERROR]"])
def test_a_model_writes_of_errors_a_word_at_a_time(text: str) -> None:
    assert error_as_text(text, PIECES) is None


def test_behind_whole_sentences_only_a_far_longer_piece_is_an_error() -> None:
    short, long = "Error: that was wrong, he said to her.", "Error: " + "the model is overloaded, " * 5
    assert error_as_text(short, LINES) is None
    assert error_as_text(long, LINES) is not None
