"""Which rules `--select` and `--ignore` leave."""

import pytest

from sseprobe.errors import UsageError
from sseprobe.rules import all_rules
from sseprobe.rules.selection import Selection, known_id, selection

ALL = [rule.id for rule in all_rules()]
SSE = [name for name in ALL if name.startswith("SSE")]


@pytest.mark.parametrize(
    ("select", "ignore", "ids"),
    [
        ([], [], ALL),
        (None, None, ALL),
        (["SSE"], [], SSE),
        (["sse001"], [], ["SSE001"]),
        (["SSE001, SSE003"], [], ["SSE001", "SSE003"]),
        (["SSE003", "SSE001"], [], ["SSE001", "SSE003"]),
        (["SSE00"], ["SSE001,SSE002"], [name for name in SSE if name[:5] == "SSE00" and name[5] not in "12"]),
        ([], ["SSE"], [name for name in ALL if name not in SSE]),
    ],
)
def test_what_is_left(select: list[str] | None, ignore: list[str] | None, ids: list[str]) -> None:
    assert [rule.id for rule in selection(select, ignore).rules()] == ids


def test_a_rule_is_named_by_its_own_id_alone() -> None:
    chosen = selection(["SSE", "TRM001"], None)
    by_id = {rule.id: rule for rule in all_rules()}
    assert chosen.names(by_id["TRM001"])
    assert not chosen.names(by_id["SSE001"])
    assert chosen.prefixes() == ["SSE"]


@pytest.mark.parametrize(
    ("select", "ignore", "says"),
    [
        (["SSE999"], [], "--select: unknown rule 'SSE999'"),
        ([], ["TRN001"], "Did you mean TRM001"),
        ([], ["qqqqqq"], "--ignore: unknown rule 'qqqqqq'. For"),
        (["SSE001"], ["SSE"], "exclude every rule"),
    ],
)
def test_unknown_rules(select: list[str], ignore: list[str], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        selection(select, ignore)
    assert says in str(refused.value)


def test_an_empty_selection_has_all_rules() -> None:
    assert [rule.id for rule in Selection().rules()] == ALL
    assert known_id("trm", "x") == "TRM"
