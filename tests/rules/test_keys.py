"""The keys of findings: baselines and code scanning go by them, so that a change of one is to be seen in review.

After a change that is meant: SSEPROBE_GOLDEN=write python -m pytest tests/rules/test_keys.py
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from sseprobe.rules import Rule, all_rules
from tests.support.finding_keys import FORM, all_patterns, patterns_of, what_is_wrong

KEYS = Path(__file__).parent / "keys.txt"
RULES = {rule.id: rule for rule in all_rules()}


def test_every_key_is_listed() -> None:
    if os.environ.get("SSEPROBE_GOLDEN") == "write":
        KEYS.write_text(all_patterns(), encoding="utf-8")
    assert all_patterns() == KEYS.read_text(encoding="utf-8"), __doc__


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_has_keys_of_one_form(rule: Rule) -> None:
    keys = patterns_of(rule)
    assert keys
    assert [key for key in keys if not FORM.fullmatch(re.sub(r"\{[^{}]*\}", "x", key))] == []
    words = Counter(tuple(sorted(re.split(r"[-_./]", key.lower()))) for key in keys)
    assert [same for same, count in words.items() if count > 1] == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("missing-name", ""),
        ("missing name", "form"),
        ("", "form"),
        ("name-missing", "none of"),
        ("missing-7", "holds a number"),
    ],
)
def test_what_is_wrong_with_a_key(key: str, expected: str) -> None:
    problem = what_is_wrong(RULES["OAI004"], key)
    assert expected in problem
    assert bool(expected) is bool(problem)
