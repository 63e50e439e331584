"""What a rule is, and how it judges. Families register their rules here; `catalogue` lists them."""

import inspect
import re
import traceback
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct

from sseprobe.dialects.traits import Scope
from sseprobe.sse.framing import Framing
from sseprobe.streams.transcript import Transcript

MAX_FINDINGS: Final = 20
"""Of one rule on one stream, because a broken stream breaks the same rule at every event. Findings with a new key or
message are kept beyond it, so that findings that a baseline expects do not hide others."""

_MAX_TEXTS: Final = 100
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")

WHATWG: Final = "https://html.spec.whatwg.org/multipage/server-sent-events.html"


class Severity(StrEnum):
    """By the specification's word: MUST is an error, SHOULD a warning, advice info."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Kind(StrEnum):
    """Conformance: a specification requires it. Compatibility: legal, but named clients break."""

    CONFORMANCE = "conformance"
    COMPATIBILITY = "compatibility"


class RuleVerdict(StrEnum):
    """The result of a rule. It never passes without evidence."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    CRASHED = "crashed"


class Finding(Struct, frozen=True):
    """One violation: its message, its place (half-open byte range in the body), the expected and the actual value.

    `key`: a permanent name in kebab case, independent of the message. It may contain names from the specification
    (fields, headers, event types), but never numbers, ids or text of the stream.
    """

    key: str
    message: str
    span: tuple[int, int] | None = None
    expected: str | None = None
    actual: str | None = None


class NotApplicable(Exception):  # noqa: N818  no error, an answer
    """Raised by a rule that has nothing to judge here, for instance because no tool call came; its text says why."""


class Inconclusive(Exception):  # noqa: N818
    """Raised by a rule whose evidence is missing; its text says what is missing and how to get it."""


def without_numbers(message: str) -> str:
    """A finding's message without its numbers: offsets and counts vary from run to run."""
    return _NUMBER.sub("#", message)


class Listing:
    """Keeps the first `MAX_FINDINGS` findings and one of each key and message without numbers; counts the rest."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.more = 0
        self._keys: set[str] = set()
        self._texts: set[str] = set()

    def add(self, finding: Any) -> None:
        """Keeps or counts a finding: anything with `key` and `message`."""
        text = without_numbers(finding.message)
        new = finding.key not in self._keys or (text not in self._texts and len(self._texts) < _MAX_TEXTS)
        if new or len(self.kept) < MAX_FINDINGS:
            self._keys.add(finding.key)
            self._texts.add(text)
            self.kept.append(finding)
        else:
            self.more += 1


Subject = TypeVar("Subject")
Check = Callable[[Subject], Iterator[Finding]]


class Rule(Struct, frozen=True):
    """One requirement. Its id is permanent; `page` is the docstring of its function, whose first line is its `title`.

    `subject`: the type it judges, a `Transcript` or the evidence of an active probe. `dialects`, `framing`: those it
    applies to, None for all.
    """

    id: str
    severity: Severity
    kind: Kind
    spec: str
    title: str
    page: str
    check: Check[Any]
    subject: type = Transcript
    dialects: Scope | None = None
    framing: Framing | None = None

    @property
    def family(self) -> str:
        """The letters of its id."""
        return self.id.rstrip("0123456789")

    def key_of(self, finding: Finding) -> str:
        """A finding's key with the rule's id before it: `OAI004/missing-name`."""
        return f"{self.id}/{finding.key}"


class Judgement(Struct, frozen=True):
    """The result of one rule on one subject. `reason`: why it did not judge; `more`: findings over `MAX_FINDINGS`."""

    verdict: RuleVerdict
    findings: tuple[Finding, ...] = ()
    more: int = 0
    reason: str | None = None


REGISTERED: Final[dict[str, Rule]] = {}
"""By id: the rules of the families that were imported so far."""


def rule(
    identifier: str,
    severity: Severity,
    kind: Kind,
    spec: str,
    *,
    of: type[Subject] = Transcript,  # type: ignore[assignment]  # the default of a type variable
    dialects: Scope | None = None,
    framing: Framing | None = None,
) -> Callable[[Check[Subject]], Check[Subject]]:
    """Registers a function as a rule. The first line of its docstring is the rule's title."""

    def register(check: Check[Subject]) -> Check[Subject]:
        page = inspect.cleandoc(check.__doc__ or "")
        title = page.partition("\n")[0]
        REGISTERED[identifier] = Rule(identifier, severity, kind, spec, title, page, check, of, dialects, framing)
        return check

    return register


def judge(rule: Rule, subject: Any) -> Judgement:
    """Runs a rule on a stream or on a probe's evidence. Never raises: a rule that crashes has the verdict CRASHED."""
    if isinstance(subject, Transcript) and (why := _not_concerned(rule, subject)):
        return Judgement(RuleVerdict.NOT_APPLICABLE, reason=why)
    found = Listing()
    verdict, reason = RuleVerdict.PASS, ""
    try:
        for finding in rule.check(subject):
            found.add(finding)
    except NotApplicable as raised:
        verdict, reason = RuleVerdict.NOT_APPLICABLE, str(raised)
    except Inconclusive as raised:
        verdict, reason = RuleVerdict.INCONCLUSIVE, str(raised)
    except Exception as error:  # a bug in one rule must not stop the others
        return Judgement(RuleVerdict.CRASHED, tuple(found.kept), found.more, _where(error))
    if found.kept:
        return Judgement(RuleVerdict.FAIL, tuple(found.kept), found.more)
    return Judgement(verdict, reason=reason or None)


def _not_concerned(rule: Rule, stream: Transcript) -> str | None:
    if rule.framing is not None and stream.framing is not rule.framing:
        return f"the body's framing is {stream.framing}, not {rule.framing}"
    if rule.dialects is not None and not stream.dialect.is_in(rule.dialects):
        return f"the dialect is {stream.dialect.name}"
    return None


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} (in {Path(last.filename).name}, line {last.lineno})"
