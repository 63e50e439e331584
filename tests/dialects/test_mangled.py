"""Decoders and rules are total: whatever JSON stands at whatever place of a payload, nothing raises."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sseprobe import dialects
from sseprobe.dialects.base import payload
from sseprobe.rules import RuleVerdict, all_rules, judge
from sseprobe.sse import Event
from sseprobe.sse.framing import new_parser
from sseprobe.streams.transcript import Transcript
from tests.rules.test_mutants import take
from tests.support.mock import Mock
from tests.support.takes import Take, blocks_of, received, with_payload

ODD: tuple[Any, ...] = ([], {}, None, True, -1, 1.5, "", "x", [[1]], {"type": ["x"]}, 10**30)
KNOBS = "tokens=2,ttft_ms=1,itl_ms=1,tools=1,reasoning=1,citations=1"
NAMES = [name for name in dialects.NAMES if name != "plain"]


def _mangled(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _mangled(inner, (*path, key))


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    changed = copy.deepcopy(value)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = odd
    return changed


def always(value: Any) -> Callable[[Any], Any]:
    """A change to this, whatever stood there."""
    return lambda _old: value


def _data(block: bytes) -> Any:
    line = next((line for line in block.splitlines() if line.startswith((b"data:", b"{"))), b"null")
    try:
        return json.loads(line.removeprefix(b"data:"))
    except ValueError:
        return None


@pytest.mark.parametrize("name", NAMES)
def test_no_payload_breaks_a_decoder(name: str, mock: Mock) -> None:
    dialect = dialects.by_name(name)
    blocks = blocks_of(take(mock, Take(name, KNOBS)).body, dialect.framing)
    tried = 0
    for at, block in enumerate(blocks):
        value = _data(block)
        for path in _mangled(value) if value is not None else ():
            for odd in ODD:
                new = with_payload(block, always(_with(value, path, odd)))
                decode, parser = dialect.decoder(), new_parser(dialect.framing)
                for item in parser.receive(b"".join([*blocks[:at], new, *blocks[at + 1 :]])):
                    if isinstance(item, Event):
                        found = payload(item)
                        dialect.recognises(item, found)
                        decode(item, found)
                tried += 1
    assert tried > 50


@pytest.mark.parametrize("name", NAMES)
def test_no_payload_breaks_a_rule(name: str, mock: Mock) -> None:
    rules = [rule for rule in all_rules() if rule.subject is Transcript]
    dialect = dialects.by_name(name)
    blocks = blocks_of(take(mock, Take(name, KNOBS)).body, dialect.framing)
    for odd in ODD:

        def mangle(blocks: list[bytes], odd: Any = odd) -> list[bytes]:
            """Every other block, at a place of its own."""
            out = list(blocks)
            for at, block in enumerate(blocks):
                value = _data(block)
                if value is None or at % 2:
                    continue
                paths = list(_mangled(value))
                changed = _with(value, paths[at % len(paths)], odd)
                out[at] = with_payload(block, always(changed))
            return out

        stream = received(take(mock, Take(name, KNOBS, edit=mangle)))[1]
        assert [rule.id for rule in rules if judge(rule, stream).verdict is RuleVerdict.CRASHED] == []
    assert blocks
