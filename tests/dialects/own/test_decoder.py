"""What an event of an app's own decodes to, once it is known how the stream is read."""

from typing import Any

import pytest

from sseprobe.dialects.base import Delta, DeltaKind
from sseprobe.dialects.own.convention import Convention, Mark, done_when
from sseprobe.dialects.own.decoder import OwnDecoder
from sseprobe.dialects.own.event_format import EventFormat, Payloads
from tests.support.own_bodies import WORDS
from tests.support.own_events import Told, event, events

OBJECTS = EventFormat(Convention(), Payloads.OBJECTS, ("token",), flows=True)
STRINGS = EventFormat(Convention(), Payloads.STRINGS, flows=True)
TEXT = EventFormat(Convention(), Payloads.TEXT)
MESSAGES = EventFormat(Convention(), Payloads.MESSAGES)
UNKNOWN = EventFormat(Convention())
GROWING = EventFormat(Convention(), Payloads.OBJECTS, ("token",), grows=True, flows=True)


def given(**what: Any) -> EventFormat:
    return EventFormat.of(Convention(**what))


def decoded(told: list[Told], event_format: EventFormat = OBJECTS) -> list[Delta]:
    decoder = OwnDecoder(event_format)
    return [delta for each in told for delta in decoder.decode(*each)]


def said(told: list[Told], event_format: EventFormat = OBJECTS) -> list[str]:
    """A word for each delta: the text as it is, anything else by its kind."""
    return [
        delta.text if delta.kind is DeltaKind.TEXT else f"{delta.kind}:{delta.text}"
        for delta in decoded(told, event_format)
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (event({"token": " a"}), [" a"]),
        (event({"token": ""}), []),
        (event({"token": None}), []),
        (event({"token": 4}), []),
        (event({"token": "a"}, "token"), ["a"]),
        (event({"type": "content", "token": "a"}), ["a"]),
        (event({"text": "b"}), ["b"]),  # another field with a name of text
        (event({"token": "", "text": "b"}), ["b"]),
        (event({"foo": "b"}), []),
        ([], []),
        # Kinds that hold no answer.
        (event({"token": "Searching…"}, "status"), []),
        (event({"type": "sources", "token": "a.pdf"}), []),
        (event({"type": "tool_call", "token": "{}"}), []),
        (event({"type": "metadata", "text": "x"}), []),
        # Reasoning, by kind or by field.
        (event({"type": "thinking", "token": "hm"}), ["reasoning:hm"]),
        (event({"reasoning": "hm"}), ["reasoning:hm"]),
        (event({"reasoning": "hm", "token": "a"}), ["reasoning:hm", "a"]),
        (event({"type": "thinking", "thinking": "hm"}), ["reasoning:hm"]),
        # Heartbeats.
        (event({"type": "ping"}), ["heartbeat:"]),
        (event("{}", "ping"), ["heartbeat:"]),
        (event("", "heartbeat"), ["heartbeat:"]),
        (event("ping"), ["heartbeat:"]),
        (event(" keep-alive "), ["heartbeat:"]),
        (event({"type": "ping", "token": "a"}), ["heartbeat:"]),
        (event({"type": "token", "token": "ping"}, "token"), ["ping"]),
        # What is no JSON.
        (event('{"token": "a'), ['unknown:{"token": "a']),
        (event(""), []),
        (event("4"), []),
        (event('"a"'), []),
        (event("Error: no credits"), ["error:Error: no credits"]),
        # End marks.
        (event("[DONE]"), ["end:"]),
        (event({"done": True}), ["end:"]),
        (event({"done": True, "token": "a"}), ["a", "end:"]),
        (event({"token": "[DONE]"}), ["end:"]),
        (event({"token": "a", "finish_reason": "stop"}), ["a", "open:", "finish:stop", "end:"]),
        (event({"finish_reason": None}), []),
        # Errors: what else the event says is none of the answer.
        (event({"error": "no", "token": "a"}), ["error:no"]),
        (event({"error": "no", "done": True}), ["error:no"]),
    ],
)  # fmt: skip
def test_objects(told: Any, expected: list[str]) -> None:
    assert said([told] if told else []) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (event('" a"'), [" a"]),
        (event('""'), []),
        (event('"a\\nb"'), ["a\nb"]),
        (event('"[DONE]"'), ["end:"]),
        (event("[DONE]"), ["end:"]),
        (event("broken"), ["unknown:broken"]),
        (event("ping"), ["heartbeat:"]),
        (event({"usage": {"output": 2}}), ["usage:"]),
    ],
)
def test_strings(told: Told, expected: list[str]) -> None:
    assert said([told], STRINGS) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (event(" a"), [" a"]),
        (event("a\nb"), ["a\nb"]),
        (event('"a"'), ['"a"']),
        (event("4"), ["4"]),
        (event("null"), ["null"]),
        (event("{}"), ["{}"]),
        (event('{"a": 1}'), ['{"a": 1}']),  # a model that writes JSON
        (event({"type": "note", "a": 1}), []),  # an event of another kind
        (event(""), []),
        (event("[DONE]"), ["end:"]),
        (event("the last words", "end"), ["the last words", "end:"]),
        (event("end", "end"), ["end:"]),
        (event("{}", "done"), ["end:"]),
        (event("a", "token"), ["a"]),
        (event("Searching…", "status"), []),
        (event("ping"), ["ping"]),  # APP005 says what comes of that
        (event("x", "ping"), ["heartbeat:"]),
        (event("no", "error"), ["error:no"]),
    ],
)
def test_text(told: Told, expected: list[str]) -> None:
    assert said([told], TEXT) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (event({"price": 1}), ['{"price": 1}']),
        (event({"token": "a"}), ['{"token": "a"}']),
        (event("x"), ["x"]),
        (event(""), []),
        (event({"done": True}), ["end:"]),
        (event({"error": "no"}), ["error:no"]),
        (event({"type": "ping"}), ["heartbeat:"]),
    ],
)
def test_messages(told: Told, expected: list[str]) -> None:
    assert said([told], MESSAGES) == expected
    # While nothing is known yet, only what is no text counts.
    assert said([told], UNKNOWN) == [each for each in expected if each.startswith(("end", "error", "heartbeat"))]


# --- the whole answer once more


def tokens(*words: str) -> list[Told]:
    return events(*({"token": word} for word in words))


ANSWER = "".join(WORDS)


@pytest.mark.parametrize(
    "recap",
    [
        {"token": ANSWER, "done": True},
        {"token": ANSWER, "type": "summary"},
        {"text": ANSWER, "done": True},
        {"token": f"\n{ANSWER}  ", "done": True},  # but for white space
        {"token": ANSWER},  # long enough that it is no chance
        {"message": {"content": ANSWER}, "finish_reason": "stop"},
        {"token": ANSWER[:-1], "done": True},  # trimmed, or with a source behind it
        {"token": ANSWER + " [1]", "done": True},
    ],
    ids=str,
)
def test_the_answer_once_more_is_no_text(recap: Any) -> None:
    texts = [delta.text for delta in decoded([*tokens(*WORDS), event(recap)]) if delta.kind is DeltaKind.TEXT]
    assert texts == list(WORDS)


@pytest.mark.parametrize(
    ("before", "last"),
    [
        (["ha"], {"token": "ha", "done": True}),  # one piece: said twice
        (["ha", "ha"], {"token": "haha"}),
        (["The", " same"], {"token": "The other", "done": True}),
        (WORDS[:-1], {"token": WORDS[-1], "done": True}),
        (WORDS, {"token": "Another answer, that is as long as it", "done": True}),
    ],
)
def test_a_last_piece_is_text(before: list[str], last: Any) -> None:
    texts = [delta.text for delta in decoded([*tokens(*before), event(last)]) if delta.kind is DeltaKind.TEXT]
    assert texts == [*before, last["token"]]


def test_growing_text_is_told_by_what_is_new() -> None:
    assert said(tokens("T", "The", "The k", "The k"), GROWING) == ["T", "he", " k"]
    assert said(tokens("The", "", "The k"), GROWING) == ["The", " k"]
    assert said(tokens("The", "Else", "Else k"), GROWING) == ["The", "Else", " k"]  # another answer


# --- usage and finish


@pytest.mark.parametrize(
    ("usage", "output", "read"),
    [
        ({"output": 2, "input": 3}, 2, 3),
        ({"completion_tokens": 2, "prompt_tokens": 3, "total_tokens": 5}, 2, 3),
        ({"output_tokens": 0}, 0, None),
        ({"input_tokens": 3.0}, None, 3),
        ({"tokens": 2}, 2, None),
    ],
)
def test_usage(usage: Any, output: int | None, read: int | None) -> None:
    (delta,) = decoded([event({"usage": usage})])
    assert (delta.kind, delta.output_tokens, delta.input_tokens) == (DeltaKind.USAGE, output, read)


@pytest.mark.parametrize(
    "usage", [None, 4, [], {}, {"output": -1}, {"output": True}, {"output": "2"}, {"total": 5}, {"output": 1.5}]
)
def test_what_is_no_usage(usage: Any) -> None:
    assert decoded([event({"usage": usage})]) == []


@pytest.mark.parametrize(
    ("payload", "output"),
    [({"n": {"made": 4}}, 4), ({"n": {"made": 0}}, 0), ({"n": {"made": "4"}}, None), ({"usage": {"output": 2}}, None)],
)
def test_usage_at_a_given_place(payload: Any, output: int | None) -> None:
    event_format = given(text=("token",), tokens=("n", "made"))
    assert [delta.output_tokens for delta in decoded([event(payload)], event_format)] == (
        [] if output is None else [output]
    )


@pytest.mark.parametrize(
    ("reason", "incomplete"),
    [("stop", None), ("end_turn", None), ("length", "length"), ("MAX_TOKENS", "length"), ("SAFETY", "content-filter"), ("content_filter", "content-filter")],
)  # fmt: skip
def test_finish_reasons(reason: str, incomplete: str | None) -> None:
    opened, finished, ended = decoded([event({"finish_reason": reason})])
    assert (opened.kind, ended.kind) == (DeltaKind.OPEN, DeltaKind.END)
    assert (finished.kind, finished.text, finished.incomplete) == (DeltaKind.FINISH, reason, incomplete)


@pytest.mark.parametrize("reason", ["error", "FAILED", "network_error"])
def test_a_finish_reason_may_be_a_failure(reason: str) -> None:
    told = [delta for delta in decoded([event({"stop_reason": reason})]) if delta.kind is DeltaKind.ERROR]
    assert [(delta.text, delta.type) for delta in told] == [(f"the app stopped with /stop_reason = {reason}", reason)]


# --- what is given


def test_text_at_a_given_place_and_nowhere_else() -> None:
    told = events({"a": {"b": "x"}}, {"token": "y"}, {"a": {"b": 4}}, {"a": {"b": ""}}, ("status", {"a": {"b": "z"}}))
    assert said(told, given(text=("a", "b"))) == ["x", "z"]
    assert said(events({"reasoning": "hm", "token": "a"}), given(text=("token",))) == ["a"]
    assert said(events('"y"', "4"), given(text=("token",))) == []
    assert said(events('"x"'), given(text=())) == ["x"]  # the whole payload


def test_errors_at_a_given_place_and_in_the_forms_of_all() -> None:
    event_format = given(text=("token",), error=("fault",))
    assert said(events({"fault": "no"}, {"error": "no", "token": "a"}), event_format) == ["error:no", "error:no"]


def test_what_looks_like_a_mark_is_text_if_more_follows() -> None:
    assert said(events({"token": "write"}, {"token": "[DONE]"}, {"token": " at the end"})) == [
        "write", "end:", "[DONE] at the end",
    ]  # fmt: skip
    assert said(events("<s>", "x", "</s>", "y"), TEXT) == ["<s>", "x", "end:", "</s>y"]


def test_a_failure_counts_unless_the_app_goes_on() -> None:
    failed = {"type": "tool_result", "error": "no such city"}
    for told, error in (
        ([*tokens("a"), event(failed)], "no such city"),
        ([*tokens("a"), event(failed), *events("[DONE]")], "no such city"),
        ([*tokens("a"), event(failed), *tokens("b")], None),
        ([*tokens("a"), *events({"detail": "answer saved"}, "[DONE]")], None),
        ([*tokens("a"), *events({"detail": "answer lost"})], "answer lost"),
        ([*tokens("a"), *events({"detail": "an error"}, "[DONE]")], "an error"),
    ):
        decoder = OwnDecoder(OBJECTS)
        for each in told:
            decoder.decode(*each)
        found = decoder.at_end(in_chunks=False)
        assert (found.error.text if found else None) == error


@pytest.mark.parametrize(
    ("done", "told", "ends"),
    [
        ("/last=1", events({"token": "a", "last": 0}, {"token": "b", "last": 1}), ["a", "b", "end:"]),
        ("bye", events({"token": "a"}, "bye"), ["a", "end:"]),
        ("bye", events({"token": "a"}, ("bye", {"token": "b"})), ["a", "b", "end:"]),
        ("bye", events({"done": True, "token": "a"}), ["a"]),  # told by its form, and not what was given
        ("[DONE]", events({"token": "a"}, "[DONE]"), ["a", "end:"]),
    ],
)
def test_a_given_end_mark_is_the_only_one(done: str, told: list[Told], ends: list[str]) -> None:
    assert said(told, given(text=("token",), done=(done_when(done),))) == ends


def test_the_first_mark_of_an_event_is_named_and_the_last_event_counts() -> None:
    decoder = OwnDecoder(OBJECTS)
    marks = [decoder.end_mark]
    for told in events({"done": True, "finish_reason": "stop"}, {"token": "a"}, "[DONE]"):
        decoder.decode(*told)
        marks.append(decoder.end_mark)
    flag = Mark(values=((("done",), True),))
    assert marks == [None, flag, flag, Mark("[DONE]")]


# --- an error as the last piece of text


@pytest.mark.parametrize(
    ("event_format", "told", "error"),
    [
        (OBJECTS, tokens("The", " keeper", " lit", "Error: no credits left"), "Error: no credits left"),
        (OBJECTS, tokens("Error: no credits left"), "Error: no credits left"),
        (OBJECTS, tokens("Error: no credits left", " The", " end"), None),
        (TEXT, events("The", " keeper", "Error: no credits left", "[DONE]"), "Error: no credits left"),
        (MESSAGES, events("Error: no credits left"), None),
        (OBJECTS, [], None),
    ],
)
def test_told_as_text(event_format: EventFormat, told: list[Told], error: str | None) -> None:
    decoder = OwnDecoder(event_format)
    for each in told:
        decoder.decode(*each)
    found = decoder.at_end(in_chunks=False)
    assert (found.error.text if found else None) == error


def test_lone_surrogates_do_not_break_the_output() -> None:
    (delta,) = decoded([event('{"token": "\\ud83d"}')])
    assert delta.text.encode()


def test_a_long_stream_is_read_to_its_end() -> None:
    told = tokens(*(f" w{n}" for n in range(5000)), "Error: no credits left")
    decoder = OwnDecoder(OBJECTS)
    texts = [delta for each in told for delta in decoder.decode(*each)]
    assert len(texts) == 5001
    assert decoder.at_end(in_chunks=False) is not None
