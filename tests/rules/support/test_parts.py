"""Rules about parts on streams with more parts than are kept: nothing that was not kept is missed."""

import json
from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

import pytest

from sseprobe.dialects.base import MAX_PARTS
from sseprobe.rules import RuleVerdict, all_rules, judge
from tests.support.recordings import Recordings
from tests.support.takes import Blocks, Edit, Take, edited, event_with, received

RULES = {rule.id: rule for rule in all_rules()}
MANY = MAX_PARTS + 500


def verdicts_of(recorded: Recordings, name: str, dialect: str, edit: Edit) -> dict[str, RuleVerdict]:
    """What the family's rules say of the good recording of this rule, edited."""
    stream = received(edited(recorded(f"{name}/good"), Take(dialect, edit=edit)))[1]
    return {each.id: judge(each, stream).verdict for each in RULES.values() if each.id.startswith(name[:3])}


def _anthropic(kind: str, index: int) -> bytes:
    more = {"content_block_start": {"content_block": {"type": "text", "text": ""}}}
    return event_with({"type": kind, "index": index, **more.get(kind, {})}, kind)


def _vercel(kind: str, index: int) -> bytes:
    return event_with({"type": kind, "id": f"t{index}"})


def _ag_ui(kind: str, index: int) -> bytes:
    return event_with({"type": kind, "stepName": f"s{index}"})


class Many(NamedTuple):
    """A rule about parts, and how a part of its dialect starts and ends; `at`: where more of them may stand."""

    rule: str
    dialect: str
    event: Callable[[str, int], bytes]
    start: str
    end: str
    at: int


CASES = [
    Many("ANT002", "anthropic", _anthropic, "content_block_start", "content_block_stop", -2),
    Many("VRC001", "vercel-ui", _vercel, "text-start", "text-end", 2),
    Many("AGU001", "ag-ui", _ag_ui, "STEP_STARTED", "STEP_FINISHED", 1),
]


@pytest.mark.parametrize("many", CASES, ids=[each.rule for each in CASES])
@pytest.mark.parametrize("at_once", [False, True])
def test_many_parts(many: Many, at_once: bool, recorded: Recordings) -> None:
    def edit(blocks: Blocks) -> Blocks:
        # Numbers from 1 on: Anthropic's recording has a block 0 already, which comes first.
        numbers = range(1, MANY)
        starts, ends = ([many.event(kind, number) for number in numbers] for kind in (many.start, many.end))
        more = [*starts, *ends] if at_once else list(chain.from_iterable(zip(starts, ends, strict=True)))
        return [*blocks[: many.at], *more, *blocks[many.at :]]

    verdicts = verdicts_of(recorded, many.rule, many.dialect, edit)
    assert verdicts[many.rule] is RuleVerdict.PASS
    assert RuleVerdict.FAIL not in verdicts.values()


def test_a_part_over_the_bound_is_found_again_when_all_were_forgotten(recorded: Recordings) -> None:
    """A second run is judged, however many parts the first had."""

    def edit(blocks: Blocks) -> Blocks:
        many = [_ag_ui("STEP_STARTED", number) for number in range(MANY)]
        stray = event_with({"type": "STEP_FINISHED", "stepName": "other"})
        failed = event_with({"type": "RUN_ERROR", "message": "x"})
        return [blocks[0], *many, failed, blocks[0], stray, *blocks[1:]]

    assert verdicts_of(recorded, "AGU001", "ag-ui", edit)["AGU001"] is RuleVerdict.FAIL


@pytest.mark.parametrize("value", [None, 10**30, {"a": [None]}, [[]], "x" * 100_000, "\ud800", True])
def test_findings_about_foreign_values_are_short(value: Any, recorded: Recordings) -> None:
    """Whatever stands in a stop reason, a role, an index."""

    def edit(blocks: Blocks) -> Blocks:
        foreign = json.dumps(value).encode()
        blocks = [block.replace(b'"index":0', b'"index":' + foreign) for block in blocks]
        return [block.replace(b'"stop_reason":null', b'"stop_reason":' + foreign) for block in blocks]

    stream = received(edited(recorded("ANT002/good"), Take("anthropic", edit=edit)))[1]
    for rule in RULES.values():
        if rule.id.startswith("ANT"):
            judgement = judge(rule, stream)
            assert judgement.verdict is not RuleVerdict.CRASHED
            assert all(len(finding.message) < 200 for finding in judgement.findings)
