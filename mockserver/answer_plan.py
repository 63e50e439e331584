"""What will be answered, decided before the first token is made: pieces in order, calls, and why it ends."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from msgspec import Struct

from mockserver.generation import plan, planned, story
from mockserver.scenario import Scenario
from mockserver.tools import Call, Offer, calls_for

_REASONING_SEED: Final = 500_000


class TokenKind(StrEnum):
    """What a token is part of."""

    TEXT = "text"
    REASONING = "reasoning"
    TOOL = "tool"


class Piece(NamedTuple):
    """One token. `call`: the position of the tool call it belongs to, -1 for none."""

    text: str
    choice: int = 0
    kind: TokenKind = TokenKind.TEXT
    call: int = -1


class ParsedRequest(Struct, frozen=True, kw_only=True):
    """A request, read and found to be in order. `limit`: on tokens. `details`: what only its API knows."""

    model: str
    stream: bool
    prompt_tokens: int = 0
    choices: int = 1
    limit: int | None = None
    offer: Offer = Offer()
    include_usage: bool = True
    details: dict[str, Any] = {}


class AnswerPlan:
    """The plan of one answer. `finish`: stop, length, tool_calls or content_filter; each API has its own words."""

    def __init__(
        self, parsed: ParsedRequest, scenario: Scenario, *, reasons: bool, calls_tools: bool, whole_calls: bool
    ) -> None:
        self.request = parsed
        self.scenario = scenario
        self.calls: list[Call] = calls_for(parsed.offer, scenario.tools, whole=whole_calls) if calls_tools else []
        reasoning = scenario.reasoning if reasons else 0
        wanted = reasoning + (sum(len(call.fragments) for call in self.calls) or planned(scenario))
        limit = None if self.calls else parsed.limit
        self.tokens = wanted if limit is None else min(wanted, limit)
        """Of one choice."""
        self.reasoning = min(reasoning, self.tokens)
        cut = "length" if self.tokens < wanted else "stop"
        self.finish = scenario.finish or ("tool_calls" if self.calls else cut)

    def pieces(self) -> Iterator[Piece]:
        """All tokens, one step of all choices at a time, as a batch on a GPU would make them."""
        each = [self._of_choice(choice) for choice in range(self.request.choices)]
        return each[0] if len(each) == 1 else chain.from_iterable(zip(*each, strict=True))

    def _of_choice(self, choice: int) -> Iterator[Piece]:
        seed = self.scenario.seed * 1_000_003 + choice
        for text in islice(story(seed + _REASONING_SEED), self.reasoning):
            yield Piece(text, choice, TokenKind.REASONING)
        if self.calls:
            for position, call in enumerate(self.calls):
                for fragment in call.fragments:
                    yield Piece(fragment, choice, TokenKind.TOOL, position)
            return
        for text in islice(plan(self.scenario, choice), self.tokens - self.reasoning):
            yield Piece(text, choice)
