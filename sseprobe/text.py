"""What may be shown: text from outside, made safe for terminals, pipes and JSON. No formatting, no colour."""

import json
import re
from typing import Any, Final

import msgspec

# C0 except newline and tab, DEL, C1, and the bidi controls (Unicode TR9): they move cursors and reorder text.
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE_IN_JSON: Final = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def _symbol(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)  # the Unicode control pictures
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"⟨U+{code:04X}⟩"


def visible(text: str) -> str:
    """Text from outside, with each control character as a symbol; newline and tab stay."""
    return _UNSAFE.sub(_symbol, text)


def one_line(text: str, limit: int = 160) -> str:
    """An excerpt for a sentence: white space folded, control characters as symbols, cut at `limit` characters."""
    folded = " ".join(text[: 4 * limit].split())
    return visible(folded if len(folded) <= limit else folded[: limit - 1] + "…")


def scalar(text: str) -> str:
    """The text with each lone surrogate as U+FFFD, so that it can be encoded."""
    return _SURROGATE.sub("\ufffd", text)


def to_json(value: Any, *, indent: int = 0) -> str:
    """JSON whose control characters are all escaped, DEL, C1 and bidi included: safe to print, exact to read back."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate
        encoded = msgspec.json.encode(json.loads(scalar(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))))
    except RecursionError:
        encoded = b'"nested too deeply to be shown"'
    if indent:
        encoded = msgspec.json.format(encoded, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded.decode())
