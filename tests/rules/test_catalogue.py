"""The catalogue: each rule stands in a file of its family."""

import pytest

from sseprobe.rules.catalogue import FAMILIES, all_rules, rules_of


@pytest.mark.parametrize("name", FAMILIES)
def test_every_rule_stands_in_a_file_of_its_family(name: str) -> None:
    homes = {rule.check.__module__.removeprefix("sseprobe.rules.") for rule in rules_of(name)}
    assert homes == set(FAMILIES[name].modules)


def test_all_rules_are_those_of_the_families_by_id() -> None:
    ids = [rule.id for rule in all_rules()]
    assert ids == [rule.id for name in FAMILIES for rule in rules_of(name)]
    assert len(set(ids)) == len(ids)
    assert all(rule.family in FAMILIES for rule in all_rules())
