"""The LLM behind the apps: the same answer each time, a token at a time, and it fails as it is asked to."""

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Final

PAUSE_S: Final = float(os.environ.get("OWN_APP_PAUSE_MS", "1.5")) / 1000
SLOW_PAUSE_S: Final = 0.025
"""`slow`: long enough for what is held back to be told from what is quick."""
BEFORE_FAILING_S: Final = 0.02
"""What is told of a failure does not come in one read with the last token."""

TEXT: Final = (
    "A stream sends its answer in pieces, so that nobody waits.\n\n- Grüße aus Köln ☕\n- 日本語 も 大丈夫 🚀\n\n"
    'Tokens come with a leading space, as "models" make them, {braces} and all. That is all there is to it, and the whole story.'
)
ABOUT_ERRORS: Final = (
    "Error: division by zero is what Python says here.\n\n[ERROR] is how loggers write it, and a client gets\n"
    '{"error": "boom"} or data: [DONE]. Traceback (most recent call last): reads from bottom to top. Catch it, and go '
    "on as if it were done."
)
"""An answer as good as any other."""

ERROR: Final = "the model is overloaded, please try again later"
FAILS_AFTER: Final = 11
ENDS_EARLY_AFTER: Final = 24
PHRASE: Final = 4
"""Tokens at a time, for apps that gather a few."""

_calls: Counter[str] = Counter()


class ProviderError(Exception):
    """What the provider's client raises: the app may tell it."""


class SwallowedError(Exception):
    """What the app catches and forgets: its answer just ends."""


def tokens_of(text: str) -> list[str]:
    """The text as a model makes it: words with the space before them, and line breaks."""
    return re.findall(r"\n+| ?[^\s]+", text)


TOKENS: Final = tokens_of(TEXT)


def one_line(text: str) -> str:
    """The text without line breaks."""
    return re.sub(r"\n+", " ", text)


def begun(tokens: int) -> str:
    """The text as far as so many tokens go."""
    return "".join(TOKENS[:tokens])


def plan(do: str) -> Iterator[str]:
    """The tokens of one answer. `do`: `whole`, `slow`, `error`, `error-first`, `cut`, `cut-first`, `crash`, or
    `sometimes:KEY` and `at-first:KEY`: the third of three with this key, or the first, ends early.
    """
    behaviour, _, _key = do.partition(":")
    if behaviour in ("sometimes", "at-first"):
        _calls[do] += 1
        turn = 0 if behaviour == "sometimes" else 1
        behaviour = "short" if _calls[do] % 3 == turn else "whole"
    last = {"error": FAILS_AFTER, "cut": FAILS_AFTER, "crash": FAILS_AFTER, "short": ENDS_EARLY_AFTER}
    yield from TOKENS[: last.get(behaviour, 0 if behaviour.endswith("-first") else None)]
    if behaviour.startswith("error"):
        raise ProviderError(ERROR)
    if behaviour in ("cut", "cut-first", "short"):
        raise SwallowedError
    if behaviour == "crash":
        raise RuntimeError("nobody thought of this")


async def llm(do: str = "whole", *, pause_s: float | None = None) -> AsyncIterator[str]:
    """One answer, for async apps."""
    if pause_s is None:
        pause_s = SLOW_PAUSE_S if do == "slow" else PAUSE_S
    try:
        for token in plan(do):
            await asyncio.sleep(pause_s)
            yield token
    except Exception:
        await asyncio.sleep(BEFORE_FAILING_S)
        raise


async def said(text: str) -> AsyncIterator[str]:
    """This text as an answer."""
    for token in tokens_of(text):
        await asyncio.sleep(PAUSE_S)
        yield token


def turn(key: str) -> int:
    """How often it was asked with this key."""
    _calls[key] += 1
    return _calls[key]


def llm_sync(do: str = "whole") -> Iterator[str]:
    """One answer, for apps that block."""
    try:
        for token in plan(do):
            time.sleep(PAUSE_S)
            yield token
    except Exception:
        time.sleep(BEFORE_FAILING_S)
        raise
