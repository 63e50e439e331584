"""Which field of an app's events holds the answer: by its name, or by how it behaves."""

from typing import Any

import pytest

from sseprobe import json_pointer
from sseprobe.dialects.own.fields import MAX_FIELDS, Fields, other_text, reasoning_in

WORDS = ("The", " keeper", " lit", " the", " lamp", ".")


def streamed(shape: Any, words: tuple[str, ...] = WORDS) -> list[Any]:
    """A payload of this shape for each word: `W` stands for the word, `N` for the number of the event."""

    def filled(value: Any, number: int, word: str) -> Any:
        if isinstance(value, dict):
            return {key: filled(each, number, word) for key, each in value.items()}
        if isinstance(value, list):
            return [filled(each, number, word) for each in value]
        return {"W": word, "N": number}.get(value, value) if isinstance(value, str) else value

    return [filled(shape, number, word) for number, word in enumerate(words)]


def found(payloads: list[Any], *, over: bool = False) -> str | None:
    fields = Fields()
    for payload in payloads:
        fields.add(payload)
    steps = fields.text(over=over)
    return None if steps is None else json_pointer.text_of(steps)


SHAPES: list[tuple[Any, str]] = [
    ({"token": "W"}, "/token"),
    ({"Token": "W"}, "/Token"),
    ({"text": "W", "id": "N"}, "/text"),
    ({"type": "token", "content": "W"}, "/content"),
    ({"event": "delta", "data": "W"}, "/data"),
    ({"message": {"role": "assistant", "content": "W"}}, "/message/content"),
    ({"message": "W"}, "/message"),
    ({"choices": [{"delta": {"content": "W"}}]}, "/choices/0/delta/content"),
    ({"delta": ["W"]}, "/delta/0"),
    ({"a": {"b": {"c": {"d": {"e": "W"}}}}}, "/a/b/c/d/e"),
    ({"status": "ok", "response": "W", "model": "small-1"}, "/response"),
    ({"session": "s1", "agent": "writer", "chunk": "W"}, "/chunk"),
    ({"a/b": {"token": "W"}}, "/a~1b/token"),
    (["W"], "/0"),
    ([{"token": "W"}], "/0/token"),
    # Names that nobody collected: the one that changes.
    ({"txt": "W"}, "/txt"),
    ({"kind": "x", "foo": "W", "bar": "same"}, "/foo"),
    ({"frage": "Wer war es?", "antwort": "W"}, "/antwort"),
    # Two that could be it: the name that apps use for pieces wins, and then the shallower place.
    ({"text": "W", "token": "W"}, "/token"),
    ({"foo": "W", "content": "W"}, "/content"),
    ({"token": "W", "raw": {"token": "W"}}, "/token"),
    ({"token": "W", "full": "a longer text than any token is"}, "/token"),
    # Beside the answer, not of it.
    ({"token": "W", "metadata": {"text": "notes"}}, "/token"),
    ({"metadata": {"content": "W"}, "piece": "W"}, "/piece"),
    ({"reasoning": "W", "answer": "W"}, "/answer"),
    ({"message_id": "N", "out": "W"}, "/out"),
    ({"chatId": "W", "out": "W"}, "/out"),
]


@pytest.mark.parametrize(("shape", "place"), SHAPES, ids=[place for _, place in SHAPES])
def test_the_field_of_the_text(shape: Any, place: str) -> None:
    assert found(streamed(shape)) == place
    assert found(streamed(shape), over=True) == place


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"price": 1.5, "up": True},
        {"status": "W"},
        {"user_id": "W"},
        {"createdAt": "W"},
        {"avatar_url": "W"},
        {"usage": {"text": "W"}},
        {"tool_calls": [{"arguments": "W"}]},
        {"error": "W"},
        {"thinking": "W"},
        {"step": "the same each time", "foo": "constant"},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": "W"}}}}}}},  # deeper than is looked
        [],
    ],
    ids=str,
)
def test_no_field_of_text(shape: Any) -> None:
    assert found(streamed(shape)) is None
    assert found(streamed(shape), over=True) is None


@pytest.mark.parametrize(
    ("shape", "known_after"),
    [({"token": "W"}, 1), ({"message": {"content": "W"}}, 1), ({"txt": "W"}, 3), ({"data": "W"}, 3)],
)
def test_a_known_name_is_believed_at_once_and_another_by_its_third_event(shape: Any, known_after: int) -> None:
    payloads = streamed(shape)
    assert [found(payloads[:count]) is not None for count in range(1, 5)] == [
        count >= known_after for count in range(1, 5)
    ]


@pytest.mark.parametrize(
    ("payloads", "place"),
    [
        ([{"data": "all of it"}], "/data"),  # a name that may be text, and nothing else came
        ([{"foo": "a"}, {"foo": "b"}], "/foo"),
        ([{"foo": "all of it"}], None),
        ([{"token": ""}], "/token"),
        ([["all of it"]], None),
    ],
)
def test_a_short_stream_is_read_once_it_is_over(payloads: list[Any], place: str | None) -> None:
    assert found(payloads, over=True) == place


def test_most_events_have_it() -> None:
    often, seldom = {"out": "W"}, {"text": "title"}
    assert found([seldom, *streamed(often)]) == "/out"
    assert found([seldom, seldom, *streamed(often)[:2]]) == "/text"
    # Where none is there in most events, a name is better than a behaviour.
    statuses = [{"status": n} for n in range(20)]
    assert found([*statuses, *streamed(often), seldom]) == "/text"
    assert found([*statuses, *streamed(often)]) == "/out"


def test_a_name_that_is_always_empty_is_no_text_where_others_speak() -> None:
    payloads = [{"n": 1}, {"n": 2}, {"n": 3}, {"text": ""}, *streamed({"out": "W"})[:3]]
    assert found(payloads) == "/out"


def test_growing_text_is_told_from_pieces() -> None:
    def grows(texts: list[str]) -> bool:
        fields = Fields()
        for text in texts:
            fields.add({"text": text})
        return fields.grows_at(("text",))

    assert grows(["The keep", "The keeper"])
    assert grows(["", "The keep", "", "The keeper", "The keeper lit"])
    assert grows(["The keep", "The keeper", "The keeper lit", "The keeper lit", "The keeper lit the", "k"])
    assert not grows(["1", "10", "100", "1000"])  # too little to be more than chance
    assert not grows([" " * n for n in range(1, 40)])
    assert not grows(["The keep", "The keeper", "k"])
    assert not grows(["a", "b", "c", "d"])
    assert not Fields().grows_at(("text",))


def test_only_so_many_fields_are_followed() -> None:
    fields = Fields()
    fields.add({f"f{n}": str(n) for n in range(MAX_FIELDS * 2)})
    fields.add({"late": "x"})
    assert fields.seen_at(("f0",)) == fields.seen_at((f"f{MAX_FIELDS - 1}",)) == 1
    assert fields.seen_at((f"f{MAX_FIELDS}",)) == fields.seen_at(("late",)) == 0


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({"token": "", "text": "x"}, "/text"),
        ({"text": "x", "delta": "y"}, "/delta"),
        ({"foo": "x"}, None),
        ({"token": "x"}, None),  # the known place
        ({"text": ""}, None),
        ({"metadata": {"text": "x"}}, None),
        ({"message": {"content": "x"}}, "/message/content"),
        ("x", None),
        (4, None),
    ],
)
def test_text_at_another_place(payload: Any, place: str | None) -> None:
    other = other_text(payload, ("token",))
    assert (json_pointer.text_of(other[0]) if other else None) == place


@pytest.mark.parametrize(
    ("payload", "texts"),
    [
        ({"reasoning": "hm", "token": "x"}, ["hm"]),
        ({"choices": [{"delta": {"reasoning_content": "hm"}}]}, ["hm"]),
        ({"reasoning": "hm", "reasoning_content": "hm"}, ["hm"]),
        ({"thinking": "a", "thought": "b"}, ["a", "b"]),
        ({"reasoning": ""}, []),
        ({"reasoning": {"text": "hm"}}, []),
        ({"token": "reasoning"}, []),
        ([{"reasoning": "hm"}], []),
        ("reasoning", []),
    ],
)
def test_reasoning(payload: Any, texts: list[str]) -> None:
    assert list(reasoning_in(payload)) == texts
