"""What the events of a stream show of how it is read: what, and after how many of them."""

from typing import Any

import pytest

from sseprobe.dialects.own.convention import Convention, Mark
from sseprobe.dialects.own.event_format import EventFormat, Payloads
from sseprobe.dialects.own.learner import LEARNED_WITHIN, Learner, learned_from
from tests.support.own_bodies import WORDS
from tests.support.own_events import Told, events

NOTHING = EventFormat(Convention())
KNOWN = [{"token": word} for word in WORDS]
OTHER = [{"txt": word} for word in WORDS]
STRINGS = [f'"{word}"' for word in WORDS]
PRICES = [{"price": n} for n in range(9)]


def summary(event_format: EventFormat) -> str:
    """A format in a few words."""
    return " ".join(
        filter(None, [event_format.payloads.name, event_format.text_at, "grows" if event_format.grows else ""])
    )


def steps(told: list[Told], known: EventFormat = NOTHING) -> list[str]:
    """What is known after each event, and once the stream is over."""
    learner = Learner(known)
    found = []
    for each in told:
        learner.look([each])
        found.append(summary(learner.event_format))
    learner.look_back()
    return [*found, summary(learner.event_format)]


def whole(told: list[Told], known: EventFormat = NOTHING) -> EventFormat:
    return learned_from([told], known)


@pytest.mark.parametrize(
    ("told", "after_each"),
    [
        (events(*KNOWN[:2]), ["OBJECTS /token"] * 3),
        (events(*OTHER[:4]), ["UNKNOWN", "UNKNOWN", "OBJECTS /txt", "OBJECTS /txt", "OBJECTS /txt"]),
        (events(*STRINGS[:2]), ["STRINGS"] * 3),
        (events(*WORDS[:2]), ["TEXT"] * 3),
        (events(*PRICES[:5]), ["UNKNOWN"] * 3 + ["MESSAGES"] * 3),
        (events(*PRICES[:2]), ["UNKNOWN", "UNKNOWN", "MESSAGES"]),
        (events(), ["UNKNOWN"]),
        # What comes first and is no text delays nothing.
        (events(("ping", "{}"), *KNOWN[:1]), ["UNKNOWN", "OBJECTS /token", "OBJECTS /token"]),
        (events({"type": "status", "content": "Searching…"}, *KNOWN[:1]), ["UNKNOWN"] + ["OBJECTS /token"] * 2),
        (events({"type": "thinking", "content": "hm"}, *KNOWN[:1]), ["UNKNOWN"] + ["OBJECTS /token"] * 2),
        (events({"error": "no"}), ["UNKNOWN"] * 2),
        (events("[DONE]"), ["UNKNOWN"] * 2),
        (events(("token", "The"), ("token", " end")), ["TEXT"] * 3),
        # A better field may show later, also when messages had been given up.
        (events(*PRICES[:5], *KNOWN), ["UNKNOWN"] * 3 + ["MESSAGES"] * 2 + ["OBJECTS /token"] * 10),
        # Text among JSON, and JSON among text: the more there is of.
        (events("Hi", *KNOWN[:2]), ["TEXT", "OBJECTS /token", "OBJECTS /token", "OBJECTS /token"]),
        (events(*WORDS[:3], {"a": 1}), ["TEXT"] * 5),
        (events(*STRINGS[:2], "The"), ["STRINGS", "STRINGS", "TEXT", "TEXT"]),
        # Short streams, once they are over.
        (events({"foo": "a"}, {"foo": "b"}), ["UNKNOWN", "UNKNOWN", "OBJECTS /foo"]),
        (events({"message": "all of it"}), ["UNKNOWN", "OBJECTS /message"]),
        (events({"foo": "all of it"}), ["UNKNOWN", "MESSAGES"]),
        # An end mark tells nothing of what the others are.
        (events({"type": "done", "full_text": "a"}), ["UNKNOWN", "MESSAGES"]),
        (events(*KNOWN[:1], {"type": "done", "txt": "The"}), ["OBJECTS /token"] * 3),
        # Text that grows.
        (
            events(*({"text": "".join(WORDS[:n])} for n in range(1, 6))),
            ["OBJECTS /text"] * 2 + ["OBJECTS /text grows"] * 4,
        ),
    ],
)  # fmt: skip
def test_what_is_known_after_each_event(told: list[Told], after_each: list[str]) -> None:
    assert steps(told) == after_each


def test_a_field_that_is_not_in_the_events_any_more_is_given_up() -> None:
    told = events({"text": "A title"}, *({"txt": word} for word in WORDS))
    assert [each.split()[-1] for each in steps(told)] == ["/text"] * 5 + ["/txt"] * 6


STREAMS = [
    events(*KNOWN),
    events(*OTHER),
    events(*STRINGS),
    events(*WORDS),
    events(*PRICES),
    events({"text": "A title"}, *OTHER),
    events("Hi", *KNOWN),
    events(*PRICES[:5], *KNOWN, "[DONE]"),
    events(*({"text": "".join(WORDS[:n])} for n in range(1, 8))),
]


@pytest.mark.parametrize("told", STREAMS, ids=[each[-1][0].data for each in STREAMS])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_it_does_not_matter_how_many_events_come_at_once(told: list[Told], size: int) -> None:
    learner = Learner(NOTHING)
    for start in range(0, len(told), size):
        before = learner.event_format
        changed = learner.look(told[start : start + size])
        assert changed is not learner.event_format.same_as(before)
    learner.look_back()
    expected = whole(told)
    assert (
        learner.event_format.payloads,
        learner.event_format.text,
        learner.event_format.grows,
        learner.event_format.flows,
    ) == (
        expected.payloads,
        expected.text,
        expected.grows,
        expected.flows,
    )


def test_after_so_many_events_nothing_changes() -> None:
    learner = Learner(NOTHING)
    were_open = []
    for told in events(*PRICES * 8)[:LEARNED_WITHIN]:
        learner.look([told])
        were_open.append(learner.is_open)
    assert were_open == [True] * (LEARNED_WITHIN - 1) + [False]
    assert learner.look(events(*KNOWN)) is False
    assert learner.look_back() is False
    assert summary(learner.event_format) == "MESSAGES"


def test_what_is_given_is_not_learned() -> None:
    event_format = EventFormat.of(Convention(text=("a",)))
    learner = Learner(event_format)
    assert not learner.is_open
    assert learner.look(events(*KNOWN)) is False
    assert learner.look_back() is False
    assert learner.event_format is event_format
    assert (event_format.payloads, event_format.text_at, event_format.learned_from) == (Payloads.OBJECTS, "/a", None)


def test_given_errors_and_marks_are_not_looked_at_for_text() -> None:
    known = EventFormat(Convention(error=("fault",), done=(Mark("bye"),)))
    assert steps(events({"fault": "a"}, {"fault": "b"}, {"fault": "c"}), known) == ["UNKNOWN"] * 4
    assert steps(events("bye"), known) == ["UNKNOWN"] * 2
    assert steps(events("[DONE]"), known) == ["TEXT"] * 2


@pytest.mark.parametrize(
    ("told", "flows"),
    [
        (events(*KNOWN), True),
        (events(*STRINGS), True),
        (events(*WORDS), True),  # some begin with a space
        (events("The", "keeper", "lit"), False),  # as messages do not
        (events("The ", "keeper"), True),
        (events(*PRICES), False),
        (events("Hi", ("status", " x")), False),
    ],
)  # fmt: skip
def test_pieces_of_one_text_are_told_from_messages(told: list[Told], flows: bool) -> None:
    assert whole(told).flows is flows


@pytest.mark.parametrize(
    ("told", "learned"),
    [
        (events(*KNOWN), 9),
        (events({"price": 1}, *KNOWN, "[DONE]"), 9),
        (events({"token": ""}), 1),
        (events(*WORDS), None),
        (events(*PRICES), None),
    ],
)
def test_how_many_events_it_was_learned_from(told: list[Told], learned: int | None) -> None:
    assert whole(told).learned_from == learned


def test_several_streams_show_more_than_one() -> None:
    short: list[Any] = [{"foo": "all of it"}]
    assert whole(events(*short)).text is None
    together = learned_from([events({"foo": word}) for word in WORDS[:3]], NOTHING)
    assert (together.text, together.learned_from) == (("foo",), 3)
