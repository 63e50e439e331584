"""What dialects have in common: wire forms, traits, and which dialects a rule or a reader is for.

Rules, readers and reports ask for these, never for a dialect by name: a flavour that is added has those of the dialect
it was made from, and is judged and read as that one is.
"""

from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple


class Wire(StrEnum):
    """How events are built. Dialects of one wire form have the same decoder, and the same rules judge them."""

    OPENAI_CHUNKS = "openai-chunks"
    OPENAI_COMPLETIONS = "openai-completions"
    OPENAI_RESPONSES = "openai-responses"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    COHERE = "cohere"
    OLLAMA = "ollama"
    VERCEL_UI = "vercel-ui"
    AG_UI = "ag-ui"
    OWN = "own"
    """An app's own events: how they are read is given, or learned."""


class Trait(StrEnum):
    """What a dialect does that others do not."""

    NAMED_EVENTS = "named-events"
    """An event's name (`event:`) is the type in its payload."""
    NAMELESS_EVENTS = "nameless-events"
    """Events have no name."""
    NAMES_MATTER = "names-matter"
    """The vendor's SDKs fail at a wrong name, or skip the event; of other vendors they read the payload alone."""
    TYPED_ERRORS = "typed-errors"
    """An error has a type or a code."""
    SEVERAL_RUNS = "several-runs"
    """Another answer may begin after an end or an error."""
    DONE_MAY_FOLLOW = "done-may-follow"
    """`[DONE]` may follow the terminator."""
    USAGE_WITH_FINISH = "usage-with-finish"
    """Usage comes unasked, once, with the chunk that finishes."""
    USAGE_WITH_CHOICES = "usage-with-choices"
    """The chunk with the usage may have choices."""
    FAILURE_AS_FINISH = "failure-as-finish"
    """The vendor documents a finish reason for generations that failed."""
    ERROR_WITH_FINISH = "error-with-finish"
    """A chunk with an error also has the finish reason `error`."""
    TIMES_MAY_CHANGE = "times-may-change"
    """The vendor does not promise the same `created` and `model` in all chunks."""
    WHOLE_CALLS = "whole-calls"
    """Tool calls come in one piece: they need no index, id or type."""
    CONTENT_PARTS = "content-parts"
    """Content may be a list of parts instead of a string."""


class Scope(NamedTuple):
    """Dialects: those of one of these wire forms, with one of the traits in `having`, and with none in `lacking`.

    Where no wire form or trait is named, any will do.
    """

    wires: tuple[Wire, ...] = ()
    having: tuple[Trait, ...] = ()
    lacking: tuple[Trait, ...] = ()

    def includes(self, wire: Wire, traits: AbstractSet[Trait]) -> bool:
        """Whether a dialect of this wire form, with these traits, is meant."""
        if self.wires and wire not in self.wires:
            return False
        if self.having and traits.isdisjoint(self.having):
            return False
        return traits.isdisjoint(self.lacking)
