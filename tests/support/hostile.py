"""Hostile text, and how it gets into every `str` of a report."""

from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

HOSTILE = {
    "control": "\x00\x1b[31m\x07\x08\x7f\x9b31m",
    "cdata": "]]><![CDATA[ <!-- --> ]]>",
    "markup": "<script>alert(1)</script><img src=x onerror=y>&amp;\"'</td></code></title></style>",
    "bidi": "\u202e\u2066\u061c\u200f abc",
    "not characters": "\ud800 \udfff \ufffe \uffff \u0085\u2028",
    "long": "x" * 100_000,
    "long words": "word | ` " * 20_000,
    "commands": "a\n::error::b\r\n::stop-commands::c\r::add-mask::d\n##[error]e %0A%25",
    "table": "a|b`c``d|`e\\|\\`f|",
    "backslash": "a\\",
    "backticks": "``` ` ``",
    "links": "[x](http://evil.example) ![i](http://evil.example/i) <http://evil.example> https://evil.example",
    "mentions": "@user @org/team #1 GH-1 www.evil.example me@evil.example owner/name#2",
    "blocks": "# h\n- l\n> q\n\n```\nc\n---\n1. one\n    code",
    "emphasis": "*a* **b** _c_ ~~d~~ $e$",
    "placeholders": "{0} {1} [a](1) %s %(x)s",
    "wide": "世界" * 60 + "👩\u200d👩\u200d👧e\u0301",
    "blank": "",
    "spaces": "   ",
    "url": 'http://[::1]:x/%zz[]^`{|}\\"<> é#f#g',
}


class Walk:
    """Puts a text into each `str` of a report, and notes where."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, value: Any, place: tuple[str, str] = ("", "")) -> Any:
        if isinstance(value, Struct):
            name = type(value).__name__
            return replace(value, **{f.name: self(getattr(value, f.name), (name, f.name)) for f in fields(value)})
        if isinstance(value, list):
            return [self(each, place) for each in value]
        if isinstance(value, dict):
            return {self(key, place): self(each, place) for key, each in value.items()}
        if type(value) is str:
            self.seen.add(place)
            return self.text
        return value
