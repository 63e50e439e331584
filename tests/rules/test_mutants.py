"""Mutation: one thing is broken in a clean stream; the right rule speaks, and no other error does."""

from collections.abc import Iterator

import pytest

from sseprobe.cassette import Cassette
from sseprobe.rules import RuleVerdict, Severity, all_rules, judge
from sseprobe.transcription import Transcript
from tests.rules.mutants import Mutant, all_mutants
from tests.support.takes import Recorder, Take, received

MUTANTS = all_mutants()
RULES = [rule for rule in all_rules() if rule.subject is Transcript]


def failing(cassette: Cassette) -> dict[str, Severity]:
    """The rules that fail on a recording."""
    stream = received(cassette)[1]
    judged = [(rule, judge(rule, stream)) for rule in RULES]
    assert [rule.id for rule, said in judged if said.verdict is RuleVerdict.CRASHED] == []
    return {rule.id: rule.severity for rule, said in judged if said.verdict is RuleVerdict.FAIL}


@pytest.mark.parametrize("mutant", MUTANTS, ids=[each.name for each in MUTANTS])
def test_the_right_rule_speaks_and_no_other_error(mutant: Mutant, recorder: Recorder) -> None:
    said = failing(recorder(mutant.take))
    assert mutant.rules <= said.keys()
    assert {name for name, severity in said.items() if severity is Severity.ERROR} <= mutant.rules


def _clean_takes() -> Iterator[Take]:
    seen = set()
    for each in MUTANTS:
        plain = Take(each.take.dialect, each.take.knobs, data=each.take.data)
        if repr(plain) not in seen and "fault" not in plain.knobs:
            seen.add(repr(plain))
            yield plain


@pytest.mark.parametrize("clean", list(_clean_takes()), ids=lambda each: f"{each.dialect} {each.knobs}")
def test_what_was_broken_was_clean(clean: Take, recorder: Recorder) -> None:
    errors = [name for name, severity in failing(recorder(clean)).items() if severity is Severity.ERROR]
    assert errors == []
