"""Baselines go by rule and key, whatever a finding says."""

import json

import pytest

from sseprobe.baseline import apply_baseline, baseline_of, load_baseline, save_baseline
from sseprobe.errors import UsageError
from sseprobe.rules import RuleVerdict
from tests.support.reports import finding, result

FAIL = RuleVerdict.FAIL
KNOWN = [
    result("OAI004", FAIL, finding("tool call 0 begins without function.name", key="OAI004/missing-name")),
    result("SSE006", FAIL, finding("lines end with CRLF", key="SSE006/crlf")),
]


def test_words_may_change() -> None:
    now = [
        result("OAI004", FAIL, finding("a call of a tool has no name", key="OAI004/missing-name")),
        result("SSE006", FAIL, *[finding(f"line {number}: CRLF", key="SSE006/crlf") for number in range(30)]),
    ]
    marked, report = apply_baseline(baseline_of(KNOWN), "known.json", now)
    assert all(each.baselined for found in marked for each in found.findings)
    assert (report.expected, report.stale) == (2, [])


def test_another_key_of_the_same_rule_is_new() -> None:
    now = [result("OAI004", FAIL, finding("tool call 0 begins without function.name", key="OAI004/missing-id"))]
    marked, report = apply_baseline(baseline_of(KNOWN), "known.json", now)
    assert [each.baselined for found in marked for each in found.findings] == [False]
    assert report.stale == ["OAI004/missing-name"]  # SSE006 was not judged


def test_a_baseline_is_read_as_it_was_written() -> None:
    written = save_baseline(baseline_of([*KNOWN, *KNOWN]))
    assert load_baseline(written, "known.json") == baseline_of(KNOWN)
    assert json.loads(written)["expected"][0] == {"rule": "OAI004", "key": "OAI004/missing-name"}


def test_one_of_an_earlier_version_is_to_be_written_again() -> None:
    earlier = b'{"sseprobe_baseline": 1, "expected": [{"rule": "SSE006", "finding": "lines end with CRLF"}]}'
    with pytest.raises(UsageError, match=r"known.json: .*Create it again with --write-baseline known.json"):
        load_baseline(earlier, "known.json")
