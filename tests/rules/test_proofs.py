"""Each rule on recordings: it passes the good one, finds what the bad one does, and explains itself."""

from pathlib import Path

import pytest

from sseprobe.rules import Rule, RuleVerdict, Severity, all_rules, judge
from sseprobe.rules.pages import INDEX, PARTS, all_pages, page_of
from sseprobe.streams.transcript import Transcript
from tests.rules.proofs import all_proofs
from tests.support.finding_keys import what_is_wrong
from tests.support.recordings import Recordings
from tests.support.takes import received

RULES = {rule.id: rule for rule in all_rules()}
ON_STREAMS = {name: rule for name, rule in RULES.items() if rule.subject is Transcript}
PROOFS = all_proofs()
DOCS = Path(__file__).parents[2] / "docs" / "rules"


LIVE = {"HTTP011", "HTTP019"}
"""A cassette knows neither redirects nor encodings: proven over sockets in tests/integration."""


def test_every_rule_is_proven() -> None:
    assert PROOFS.keys() == ON_STREAMS.keys() - LIVE


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_has_a_page(rule: Rule) -> None:
    assert rule.spec.startswith("https://")
    assert rule.title.endswith(".")
    assert tuple(page_of(rule).parts) == PARTS
    assert all(page_of(rule).parts.values())


def test_the_pages_in_the_docs_are_fresh() -> None:
    """`scripts/generate` writes them."""
    assert {path.name: path.read_text() for path in DOCS.iterdir()} == all_pages()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_index_links_to_every_rule(rule: Rule) -> None:
    pages = all_pages()
    assert f"[{rule.id}]({rule.family}.md#{rule.id.lower()})" in pages[INDEX]
    assert pages[f"{rule.family}.md"].splitlines().count(f"## {rule.id}") == 1


@pytest.mark.parametrize("name", PROOFS)
def test_the_bad_stream_is_found(name: str, recorded: Recordings) -> None:
    judgement = judge(RULES[name], received(recorded(f"{name}/bad"))[1])
    assert judgement.verdict is RuleVerdict.FAIL, judgement
    assert PROOFS[name].says in judgement.findings[0].message
    assert [wrong for each in judgement.findings if (wrong := what_is_wrong(RULES[name], each.key))] == []


@pytest.mark.parametrize("name", PROOFS)
def test_the_good_stream_passes(name: str, recorded: Recordings) -> None:
    assert judge(RULES[name], received(recorded(f"{name}/good"))[1]).verdict is RuleVerdict.PASS


@pytest.mark.parametrize("name", PROOFS)
def test_the_good_stream_breaks_no_other_rule(name: str, recorded: Recordings) -> None:
    stream = received(recorded(f"{name}/good"))[1]
    assert [each.id for each in RULES.values() if _fails(each, stream) and each.severity is Severity.ERROR] == []


def _fails(rule: Rule, stream: Transcript) -> bool:
    return rule.subject is Transcript and judge(rule, stream).verdict is RuleVerdict.FAIL
