"""What a rule is, and how rules are run. The rules themselves stand in the families' files."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib import import_module
from itertools import islice
from typing import Final

from msgspec import Struct

from sseprobe.transcript import Transcript

MAX_FINDINGS: Final = 20
"""Of one rule on one stream: a broken stream breaks the same rule at every event."""

WHATWG: Final = "https://html.spec.whatwg.org/multipage/server-sent-events.html"


class Severity(StrEnum):
    """From the specification's word: MUST, SHOULD, advice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Kind(StrEnum):
    """Whether a specification says so, or whether it is legal and named clients break."""

    CONFORMANCE = "conformance"
    COMPATIBILITY = "compatibility"


class RuleVerdict(StrEnum):
    """What a rule says. It never passes without evidence."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    CRASHED = "crashed"


class Finding(Struct, frozen=True):
    """One violation: what, where (half-open byte range in the body), what was expected, what was there."""

    message: str
    span: tuple[int, int] | None = None
    expected: str | None = None
    actual: str | None = None


class Rule(Struct, frozen=True):
    """One requirement. Its id is permanent; `page` is the docstring of its function."""

    id: str
    severity: Severity
    kind: Kind
    spec: str
    title: str
    page: str
    check: Callable[[Transcript], Iterator[Finding]]


_RULES: dict[str, Rule] = {}


def rule(
    identifier: str, severity: Severity, kind: Kind, spec: str
) -> Callable[[Callable[[Transcript], Iterator[Finding]]], Callable[[Transcript], Iterator[Finding]]]:
    """Enters a function into the catalogue. The first line of its docstring is the rule's title."""

    def enter(check: Callable[[Transcript], Iterator[Finding]]) -> Callable[[Transcript], Iterator[Finding]]:
        page = (check.__doc__ or "").strip()
        _RULES[identifier] = Rule(identifier, severity, kind, spec, page.partition("\n")[0], page, check)
        return check

    return enter


def wire_rules() -> list[Rule]:
    """The rules that need nothing but the bytes of a body, by id."""
    import_module("sseprobe.rules.sse")
    return [_RULES[identifier] for identifier in sorted(_RULES)]


def run(rules: list[Rule], stream: Transcript) -> Iterator[tuple[Rule, Finding]]:
    """All findings, rule by rule, at most `MAX_FINDINGS` of each."""
    for each in rules:
        for finding in islice(each.check(stream), MAX_FINDINGS):
            yield each, finding
