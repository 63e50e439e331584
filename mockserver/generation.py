"""The pretend model: seeded tokens on absolute deadlines, until the generator is closed or cancelled."""

import asyncio
import heapq
import itertools
import math
import random
import re
import time
import weakref
from collections.abc import AsyncGenerator, Iterator
from itertools import chain, cycle, islice
from typing import Final, TypeVar

from mockserver.scenario import Scenario
from mockserver.truth import Record

Token = TypeVar("Token")
DEFAULT_TOKENS: Final = 200
_WORDS: Final = tuple(
    "the a of and to in light sea wind keeper lamp tower night storm ship rock wave gull fog bell rope stair "  # noqa: SIM905
    "window oil flame horizon harbour captain letter winter summer silence watch morning evening salt stone "
    "carried turned waited burned climbed wrote listened remembered slowly always never still once again "
    "café naïve Ærø Müller São 灯台 маяк".split()
)
_ENDS: Final = ("", "", "", "", "", "", ",", ".")


def plan(scenario: Scenario, choice: int = 0) -> Iterator[str]:
    """The tokens of one choice, in order; `"".join` of them is its text."""
    if scenario.text is None:
        return islice(story(scenario.seed * 1_000_003 + choice), planned(scenario))
    tokens = cut_at_spaces(scenario.text)
    if scenario.tokens is None or not tokens:
        return iter(tokens)
    again = cycle([tokens[0] if tokens[0][:1].isspace() else f" {tokens[0]}", *tokens[1:]])
    return islice(chain(tokens, again), scenario.tokens)


def planned(scenario: Scenario) -> int:
    """How many tokens one choice has."""
    if scenario.text is not None:
        tokens = cut_at_spaces(scenario.text)
        return len(tokens) if scenario.tokens is None or not tokens else scenario.tokens
    return DEFAULT_TOKENS if scenario.tokens is None else scenario.tokens


def cut_at_spaces(text: str) -> list[str]:
    """The text as tokens, each a word with the space before it; joined, they are the text."""
    tokens = re.findall(r"\s*\S+", text)
    rest = text[sum(map(len, tokens)) :]
    if not rest:
        return tokens
    return [*tokens[:-1], tokens[-1] + rest] if tokens else [rest]


def story(seed: int) -> Iterator[str]:
    """Tokens without end: the same seed tells the same story."""
    chance = random.Random(seed)  # noqa: S311  a story, not a secret
    opening = True
    first = True
    while True:
        # Not choice(), which takes longer than the rest of this loop.
        word = _WORDS[int(chance.random() * len(_WORDS))]
        end = _ENDS[int(chance.random() * len(_ENDS))]
        yield ("" if first else " ") + (word.capitalize() if opening else word) + end
        opening, first = end == ".", False


async def paced(
    tokens: Iterator[Token], scenario: Scenario, record: Record, per_step: int = 1
) -> AsyncGenerator[Token, None]:
    """Makes tokens, `per_step` at each deadline: arrival + ttft_ms + k * itl_ms, plus its own jitter.

    Cancel it, or close it, and it stops: this is where a real server would call its model.
    """
    chance = random.Random(scenario.seed)  # noqa: S311
    jitter_s, itl_s = scenario.jitter_ms / 1000, scenario.itl_ms / 1000
    deadlines = _of_this_loop()
    # The record's clock and the loop's are both monotonic, but need not have the same zero.
    due_s = record.arrived_s - time.monotonic() + asyncio.get_running_loop().time() + scenario.ttft_ms / 1000
    in_step = 0
    for token in tokens:
        if in_step == 0:
            await deadlines.sleep_until(due_s + chance.random() * jitter_s if jitter_s else due_s)
            due_s += itl_s
        if record.is_called_off:
            return
        in_step = (in_step + 1) % per_step
        record.generated_tokens += 1
        yield token


class Deadlines:
    """Wakes sleepers at absolute times with one timer for all of them: a timer each costs more than making a token."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._next_s = math.inf

    async def sleep_until(self, deadline_s: float) -> None:
        """Sleeps until a time on the loop's clock; if that is past, it still gives way once to everybody else."""
        if deadline_s <= self._loop.time():
            await asyncio.sleep(0)
            return
        sleeper = self._loop.create_future()
        heapq.heappush(self._sleepers, (deadline_s, next(self._numbers), sleeper))
        if deadline_s < self._next_s:
            self._arm(deadline_s)
        await sleeper

    def _arm(self, deadline_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next_s = deadline_s
        # uvloop rounds to whole milliseconds: half of one more keeps it from waking early.
        self._timer = self._loop.call_at(deadline_s + 0.0005, self._wake)

    def _wake(self) -> None:
        self._next_s = math.inf
        now_s = self._loop.time()
        while self._sleepers and self._sleepers[0][0] <= now_s:
            sleeper = heapq.heappop(self._sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)
        if self._sleepers:
            self._arm(self._sleepers[0][0])


_deadlines: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Deadlines] = weakref.WeakKeyDictionary()


def _of_this_loop() -> Deadlines:
    loop = asyncio.get_running_loop()
    if loop not in _deadlines:
        _deadlines[loop] = Deadlines()
    return _deadlines[loop]
