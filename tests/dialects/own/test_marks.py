"""What ends a stream of an app's own: the forms that apps use, and what is said with --done-when."""

from typing import Any

import pytest

from sseprobe.dialects.own.convention import Mark, done_when, same
from sseprobe.dialects.own.marks import is_literal, marks_in
from sseprobe.json_pointer import ABSENT
from tests.support.own_events import event


@pytest.mark.parametrize(
    "data",
    [
        "[DONE]", "[done]", " [DONE] ", "[END]", "[STOP]", "[FINISHED]", "[STREAM_END]", "[END OF STREAM]", "[[DONE]]",
        "<|end|>", "<|endoftext|>", "<|im_end|>", "<END>", "</s>", "{done}", "__END__", "##DONE##", "#END#",
        "DONE", "END_OF_STREAM", "STREAM_END",
    ],
)  # fmt: skip
def test_literals_that_end_a_stream(data: str) -> None:
    assert is_literal(data)


@pytest.mark.parametrize(
    "data",
    [
        "", "done", "Done", "end", "end.", "The end", " DONE", "DONE ", "done!", "[DONE", "DONE]", "[1]", "[x]", "[]", "[[]]",
        "[TOOL_DONE]", "END", "EOS", "<s>", "[DONE] and more", "<p>", "<think>", "</think>", "**done**", "[ERROR]", "ENDED", "stop", "[end of a long line]",
        "[" * 40 + "DONE" + "]" * 40,
    ],
)  # fmt: skip
def test_texts_that_are_none(data: str) -> None:
    assert not is_literal(data)


NAMED = [
    "done", "end", "complete", "completed", "finish", "finished", "stop", "close", "eos", "final", "message_end",
    "messageEnd", "message.completed", "message-stop", "stream_end", "streamEnd", "StreamEnd", "chat.completed",
    "response.completed", "run_finished", "on_end", "all_done", "END", "is_done", "end_of_stream", "workflow_finished",
]  # fmt: skip
NOT_NAMED = [
    "message", "token", "tool_end", "step_finished", "node_finished", "endpoint", "weekend", "trend", "stopwatch",
    "on_chat_model_end", "thinking_end", "tool_done", "content", "", "session", "retrieval_complete", "stop_and_think",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_names_that_end_a_stream(name: str) -> None:
    assert list(marks_in(*event("x", name))) == [Mark(name)]
    assert list(marks_in(*event({"type": name}))) == [Mark(values=((("type",), name),))]


@pytest.mark.parametrize("name", NOT_NAMED)
def test_names_that_end_none(name: str) -> None:
    assert list(marks_in(*event("x", name))) == []
    assert list(marks_in(*event({"type": name}))) == []


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"done": True}, "/done = true"),
        ({"token": "", "Finished": True}, "/Finished = true"),
        ({"isFinal": True}, "/isFinal = true"),
        ({"meta": {"is_end": True}}, "/meta/is_end = true"),
        ({"choices": [{"finish_reason": "stop"}]}, "/choices/0/finish_reason"),
        ({"finish_reason": "length"}, "/finish_reason"),
        ({"delta": {"stopReason": "end_turn"}}, "/delta/stopReason"),
        ({"status": "completed"}, '/status = "completed"'),
        ({"state": "done", "token": ""}, '/state = "done"'),
        ({"event": "message_end", "id": 3}, '/event = "message_end"'),
        ({"data": {"a": {"done": True}}}, "/data/a/done = true"),
        ({"a/b": {"done": True}}, "/a~1b/done = true"),
        ('"[DONE]"', '"[DONE]"'),  # a JSON string
    ],
)
def test_payloads_that_end_a_stream(payload: Any, words: str) -> None:
    assert [mark.words for mark in marks_in(*event(payload))] == [words]


@pytest.mark.parametrize(
    "payload",
    [
        {"done": False}, {"done": 1}, {"done": "true"}, {"done": None}, {"token": "done"}, {"title": "[END]"},
        {"finish_reason": None}, {"finish_reason": ""}, {"finish_reason": "null"}, {"finish_reason": "None"},
        {"finish_reason": 3}, {"status": "running"}, {"status": True}, {"last": 4},
        {"type": "tool", "done": True}, {"tool": "search", "done": True}, {"type": "step", "status": "completed"},
        {"type": "tool_call", "finish_reason": "stop"}, {"node": "a", "finish_reason": "stop"},
        {"a": {"b": {"c": {"d": {"done": True}}}}},  # deeper than is looked
        {"choices": [{"n": 0}, {"finish_reason": "stop"}]},  # only the first of a list
        [{"done": True}], [], 4, "true", "null",
    ],
    ids=str,
)  # fmt: skip
def test_payloads_that_end_none(payload: Any) -> None:
    assert list(marks_in(*event(payload))) == []


def test_an_event_may_hold_several_marks() -> None:
    marks = list(marks_in(*event({"done": True, "finish_reason": "stop"}, "end")))
    assert marks == [Mark("end"), Mark(values=((("done",), True),)), Mark(filled=("finish_reason",))]


@pytest.mark.parametrize(
    "told",
    [
        event({"done": True}),
        event({"finish_reason": "stop"}),
        event("[DONE]"),
        event("x", "end"),
        event({"type": "done"}),
        event(' "[DONE]"'),
    ],
)
def test_an_event_is_the_mark_it_was_found_to_be(told: Any) -> None:
    (mark,) = marks_in(*told)
    assert mark.is_in(*told)
    for other in (
        event({"done": False}),
        event({"token": "x"}),
        event("x"),
        event({"finish_reason": "", "type": "token"}),
    ):
        assert not mark.is_in(*other)


# --- what is given


@pytest.mark.parametrize(
    ("said", "told", "is_in"),
    [
        ("[DONE]", event("[DONE]"), True),
        ("[DONE]", event(" [DONE]\n"), True),
        ("[DONE]", event("[DONE] "), True),
        ("[DONE]", event("[done]"), False),
        ("[DONE]", event({"token": "[DONE]"}), False),
        ("bye", event("x", "bye"), True),  # the name of an event
        ("bye", event("bye bye"), False),
        ("a=b", event("a=b"), True),
        ("/done", event("/done"), True),  # without a value it is a literal like any other
        ("/done=true", event({"done": True}), True),
        ("/done=true", event({"done": 1}), False),
        ("/done=true", event({"done": "true"}), False),
        ("/done=true", event({}), False),
        ("/done=true", event("not JSON"), False),
        ("/done=1", event({"done": 1}), True),
        ("/done=1", event({"done": 1.0}), True),
        ("/done=1", event({"done": True}), False),
        ("/done=null", event({"done": None}), True),
        ("/done=null", event({}), False),
        ('/type="end"', event({"type": "end"}), True),
        ('/a/0/b={"c": [1]}', event({"a": [{"b": {"c": [1]}}]}), True),
        ('/a=[]', event({"a": {}}), False),
        ('/x="a=b"', event({"x": "a=b"}), True),
        ("/a~1b=1", event({"a/b": 1}), True),
    ],
)  # fmt: skip
def test_done_when(said: str, told: Any, is_in: bool) -> None:
    assert done_when(said).is_in(*told) is is_in


@pytest.mark.parametrize(
    ("said", "why"),
    [("", "empty"), ("/done=", "not JSON"), ("/done=yes", "texts are quoted: /done='"), ("/done='x'", "not JSON"), ("/a=" + "[" * 100_000, "not JSON")],
)  # fmt: skip
def test_done_when_that_says_nothing(said: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        done_when(said)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("value", "expected", "alike"),
    [(True, True, True), (1, True, False), (True, 1, False), (0, False, False), (1, 1.0, True), (ABSENT, None, False), (None, None, True), ([1], [1], True)],
)  # fmt: skip
def test_values_are_compared_as_json(value: Any, expected: Any, alike: bool) -> None:
    assert same(value, expected) is alike


def test_marks_in_words() -> None:
    assert Mark("x" * 100).words == "x" * 59 + "…"
    assert done_when('/a="b"').words == '/a = "b"'
    assert Mark(values=((("a",), 1), (("b", "c"), None))).words == "/a = 1, /b/c = null"
    assert "\x1b" not in Mark("\x1b[31m").words
