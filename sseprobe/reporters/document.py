"""What a report that is a document is made of: sections of sentences and tables.

Text in it is safe to show, short, and not escaped for any format yet. A cell is a list of parts: a sentence is a `str`,
and what came from outside word by word is a `Quote` or an `Excerpt`.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from sseprobe.report import Excerpt, Verdict
from sseprobe.reporters.cases import Outcome

MAX_ROWS: Final = 100


class Quote(Struct, frozen=True):
    """Words from outside, as they came, and what to call them."""

    text: str
    label: str = ""


class Tone(StrEnum):
    """How a row is meant."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


Cell = tuple[str | Quote | Excerpt, ...]


class Row(Struct, frozen=True):
    """One row of a table."""

    cells: tuple[Cell, ...]
    tone: Tone = Tone.PLAIN


class Section(Struct, frozen=True):
    """A title, sentences, and a table, each of which may be missing."""

    title: str
    lines: tuple[Cell, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


class Outline(Struct, frozen=True):
    """The whole document. `facts`: what the run was."""

    verdict: str
    tone: Tone
    command: str
    target: str
    lines: tuple[Cell, ...]
    facts: str
    sections: tuple[Section, ...]


VERDICT_TONES: Final = {Verdict.PASS: Tone.GOOD, Verdict.FAIL: Tone.BAD, Verdict.INCONCLUSIVE: Tone.OPEN}
OUTCOME_TONES: Final = {
    Outcome.PASSED: Tone.GOOD,
    Outcome.NOTED: Tone.OPEN,
    Outcome.SKIPPED: Tone.PLAIN,
    Outcome.FAILED: Tone.BAD,
    Outcome.ERROR: Tone.BAD,
}
