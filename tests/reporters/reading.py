"""Each format, read again by what others read it with. Each function fails where the text is not what it should be."""

import json
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import junitparser
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from rich.cells import cell_len

from tests.reporters.sarif_subset import SCHEMA

WIDTH = 72
_VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
_COMMAND = re.compile(r"::(error|warning|notice) title=(?P<title>[^:,\n]*)::(?P<message>.*)")
_PERCENT = re.compile("%(?!25|0A|0D|3A|2C)")
_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "section", "h1", "h2", "p", "div", "span"),
    *("table", "thead", "tbody", "tr", "th", "td", "code", "mark"),
}
_ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class"}
_INLINE = {"text", "code_inline", "strong_open", "strong_close", "softbreak", "html_inline"}
_BLOCKS = re.compile("(heading|paragraph|table|thead|tbody|tr|th|td|bullet_list|list_item)_(open|close)|inline")
_REFERENCE = re.compile(r"@\w|#\d|GH-\d|://|www\.\w")
_HTML_INLINE = {"<br>", "<sub>", "</sub>", "<code>", "</code>"}
_MARKDOWN = MarkdownIt("gfm-like")
assert _MARKDOWN.linkify is not None
_MARKDOWN.linkify.set({"fuzzy_link": False})  # GitHub takes `sse.py` for no address; `www.` is looked for below


def read_json(text: str) -> Any:
    return json.loads(text)


def read_junit(text: str) -> junitparser.JUnitXml:
    root = ET.fromstring(text.encode())
    [suite] = root
    cases = suite.findall("testcase")
    assert cases
    assert (root.tag, int(suite.attrib["tests"])) == ("testsuites", len(cases))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[attribute]) == len(suite.findall(f"testcase/{tag}")), attribute
    assert all(case.attrib["name"] and case.attrib["classname"] for case in cases)
    parsed = junitparser.JUnitXml.fromstring(text.encode())
    assert sum(len(list(each)) for each in parsed) == len(cases)
    return parsed


def read_sarif(text: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(text)
    assert [error.message[:400] for error in _VALIDATOR.iter_errors(log)] == []
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    return log


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._raw = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _TAGS, tag
        assert {name for name, _ in attrs} <= _ATTRIBUTES, attrs
        self._raw = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._raw else data


def read_html(text: str) -> str:
    """The text of the page."""
    head, _, rest = text.partition("\n")
    assert head == "<!DOCTYPE html>"
    page = _Page()
    page.feed(text)
    page.close()
    assert "default-src 'none'" in text.partition("<title>")[0]
    style = "".join(each.text or "" for each in ET.fromstring(rest.encode()).iter("style"))  # well-formed
    assert "url(" not in style
    return page.text


def read_markdown(text: str) -> str:
    """The text of the page, its tables checked to be whole."""
    assert len(text) <= 65_536
    columns: list[int] = []
    said = []
    for token in _MARKDOWN.parse(text):
        assert _BLOCKS.fullmatch(token.type), (token.type, token.content[:200])
        if token.type == "tr_open":
            columns.append(0)
        elif token.type in ("td_open", "th_open"):
            columns[-1] += 1
        elif token.type == "thead_open":
            columns = []
        elif token.type == "table_close":
            assert len(set(columns)) == 1, columns
        in_code = False
        for child in token.children or []:
            assert child.type in _INLINE, (child.type, child.content[:200])
            assert child.type != "html_inline" or child.content in _HTML_INLINE, child.content[:200]
            in_code = child.content == "<code>" if child.type == "html_inline" else in_code
            # GitHub looks for mentions and issues in the text that Markdown leaves, but not in code.
            assert child.type != "text" or in_code or not _REFERENCE.search(child.content), child.content[:200]
            said.append(child.content)
    return "".join(said)


def read_github(text: str) -> list[tuple[str, str, str]]:
    """Level, title and message of each annotation."""
    assert "##[" not in text
    *commands, verdict = text.splitlines()
    assert not verdict.startswith("::")
    found = []
    for line in commands:
        match = _COMMAND.fullmatch(line)
        assert match is not None, line[:300]
        assert not _PERCENT.search(match["title"] + match["message"])
        found.append((match[1], match["title"], match["message"]))
    assert all(sum(each[0] == level for each in found) <= 10 for level in ("error", "warning", "notice"))
    return found


def read_terminal(text: str) -> str:
    assert max(map(cell_len, text.splitlines())) <= WIDTH
    return text


READERS = {
    "terminal": read_terminal,
    "json": read_json,
    "junit": read_junit,
    "sarif": read_sarif,
    "html": read_html,
    "markdown": read_markdown,
    "github": read_github,
}
