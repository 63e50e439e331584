"""Mutation: one thing is broken in a clean stream; the right rule speaks, and no other error does."""

from collections.abc import Iterator

import pytest

from sseprobe.rules import RuleVerdict, Severity, all_rules, judge
from sseprobe.streams.cassette import Cassette
from sseprobe.streams.transcript import Transcript
from tests.rules.mutants import Mutant, all_mutants
from tests.support.finding_keys import what_is_wrong
from tests.support.mock import Mock
from tests.support.takes import Take, edited, received, record

MUTANTS = all_mutants()
RULES = [rule for rule in all_rules() if rule.subject is Transcript]
_clean: dict[tuple[str, str, str], Cassette] = {}


def take(mock: Mock, wanted: Take) -> Cassette:
    """The take, recorded from the mock once for all edits of the same stream."""
    key = (wanted.dialect, wanted.knobs, repr(wanted.data))
    if key not in _clean:
        _clean[key] = record(mock.url, Take(wanted.dialect, wanted.knobs, data=wanted.data))
    return edited(_clean[key], wanted)


def failing(cassette: Cassette) -> dict[str, Severity]:
    """The rules that fail on a recording."""
    stream = received(cassette)[1]
    judged = [(rule, judge(rule, stream)) for rule in RULES]
    assert [rule.id for rule, judgement in judged if judgement.verdict is RuleVerdict.CRASHED] == []
    wrong = [what_is_wrong(rule, finding.key) for rule, judgement in judged for finding in judgement.findings]
    assert list(filter(None, wrong)) == []
    return {rule.id: rule.severity for rule, judgement in judged if judgement.verdict is RuleVerdict.FAIL}


@pytest.mark.parametrize("mutant", MUTANTS, ids=[each.name for each in MUTANTS])
def test_the_right_rule_speaks_and_no_other_error(mutant: Mutant, mock: Mock) -> None:
    failed = failing(take(mock, mutant.take))
    assert mutant.rules <= failed.keys()
    assert {name for name, severity in failed.items() if severity is Severity.ERROR} <= mutant.rules


def _clean_takes() -> Iterator[Take]:
    seen = set()
    for each in MUTANTS:
        plain = Take(each.take.dialect, each.take.knobs, data=each.take.data)
        if repr(plain) not in seen and "fault" not in plain.knobs:
            seen.add(repr(plain))
            yield plain


@pytest.mark.parametrize("clean", list(_clean_takes()), ids=lambda each: f"{each.dialect} {each.knobs}")
def test_what_was_broken_was_clean(clean: Take, mock: Mock) -> None:
    errors = [name for name, severity in failing(take(mock, clean)).items() if severity is Severity.ERROR]
    assert errors == []
