"""What may be shown: nothing that moves a cursor or reorders text."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.text import one_line, scalar, to_json, visible
from sseprobe.units import human_bytes, human_ms, ms

UNSAFE = [*range(0x20), 0x7F, *range(0x80, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SAFE_ANYWAY = {0x09, 0x0A}
_PATTERN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("code", UNSAFE)
def test_each_control_character_becomes_a_symbol(code: int) -> None:
    shown = visible(f"a{chr(code)}b")
    assert (shown == f"a{chr(code)}b") == (code in _SAFE_ANYWAY)
    assert _PATTERN.search(shown) is None
    assert shown.startswith("a")
    assert shown.endswith("b")


def test_other_text_is_left_alone() -> None:
    text = "Grüße, 世界 🎉 \t\n\u2028é"
    assert visible(text) == text
    assert visible("\ud800") == "\ufffd"


@given(st.text())
@settings(derandomize=True)
def test_json_is_safe_and_exact(text: str) -> None:
    for indent in (0, 2):
        encoded = to_json({"text": text}, indent=indent)
        assert _PATTERN.search(encoded) is None
        assert json.loads(encoded) == {"text": text}


def test_lone_surrogates_are_replaced() -> None:
    assert json.loads(to_json(["a\ud83d"])) == ["a\ufffd"]
    assert scalar("x\udfff") == "x\ufffd"


def test_one_line_is_one_line() -> None:
    assert one_line("a\n  b\x1b\r\nc") == "a b␛ c"
    assert len(one_line("word " * 1000, 50)) == 50
    assert "\n" not in one_line("\n" * 1000 + "x")


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 bytes"), (512, "512 bytes"), (16 * 2**20, "16 MiB"), (3 * 2**30, "3 GiB")]
)
def test_human_bytes(value: int, shown: str) -> None:
    assert human_bytes(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "—"), (0, "0 ms"), (0.3123, "0.312 ms"), (41.25, "41.2 ms"), (1530, "1.53 s")]
)
def test_human_ms(value: float | None, shown: str) -> None:
    assert human_ms(value) == shown


def test_unknown_stays_unknown() -> None:
    assert ms(None) is None
    assert ms(0) == 0
