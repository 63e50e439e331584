"""What each installed client makes of legal but unusual streams: measured, and told in docs/readers.md.

The versions measured are those of that page; where others are installed, a cell may differ, and the page is to be made
anew.
"""

import json
from pathlib import Path

import pytest

from sseprobe.readers import all_readers
from sseprobe.readers.installed import installed_version
from tests.support.mock import Mock
from tests.support.peculiar import PECULIARITIES
from tests.support.readers_table import Findings, findings, not_installed, table, versions
from tests.support.requirements import missing

PAGE = Path(__file__).parents[2] / "docs" / "readers.md"
pytestmark = pytest.mark.timeout(320)

# Peculiarity -> reader -> kinds of difference; a reader that is not named reads it as the specification does.
HTTPX_FORKS = {"httpx-sse": "invented", "httpx2": "invented"}
WRONG: dict[str, dict[str, str]] = {
    "nothing unusual": {},
    "chunks of 1 byte": {},
    "CRLF": {"@ag-ui/client": "raised"},
    "CRLF, cut between CR and LF": {"requests-sse": "changed", "@ag-ui/client": "raised"},
    "CR alone": {"aiohttp-sse-client": "lost", "eventsource-parser": "lost", "@ag-ui/client": "raised"},
    "LF, then CRLF for the blank line": {"sseclient-py": "merged", "@ag-ui/client": "raised"},
    # The line of the BOM is an unknown field: that is the type of the stream that the parsers read, and data elsewhere.
    "byte order mark": {
        "httpx-sse": "changed", "httpx2": "changed", "a2a-sdk": "changed", "sseclient-py": "changed",
        "aiohttp-sse-client": "changed", "requests-sse": "changed", "openai": "lost", "anthropic": "lost",
        "google-genai": "raised", "ollama": "raised",
    },
    "comments": {"google-genai": "raised"},
    "comment inside an event": {"google-genai": "raised"},
    "blank lines": {"ollama": "raised"},
    "an id for each event": {"google-genai": "raised"},
    "comments after an id": {"httpx-sse": "invented", "openai": "raised", "google-genai": "raised"},
    "an id with NUL": {
        "sseclient-py": "changed", "aiohttp-sse-client": "changed", "requests-sse": "changed", "google-genai": "raised",
    },
    "a block with only `id`": {**HTTPX_FORKS, "openai": "raised", "google-genai": "raised"},
    "a block with only `event`": {
        **HTTPX_FORKS, "langgraph-sdk": "invented", "openai": "raised", "openai-node": "raised", "google-genai": "raised",
    },
    "a block with only `retry`": {**HTTPX_FORKS, "openai": "raised", "google-genai": "raised"},
    "an unknown field": {"google-genai": "raised"},
    "no space after `data:`": {"google-genai": "raised"},
    # `[DONE]` after spaces is not `[DONE]`.
    "three spaces after `data:`": {
        "aiohttp-sse-client": "changed", "requests-sse": "changed", "openai": "raised", "openai-node": "raised",
        "mistralai": "raised", "ai": "raised",
    },
    "an event with empty data": {
        "openai": "raised", "openai-node": "raised", "google-genai": "raised", "mistralai": "raised", "ai": "raised",
        "@ag-ui/client": "raised",
    },
    "two data lines": {},
    "an empty last data line": {
        "aiohttp-sse-client": "changed", "requests-sse": "changed", "google-genai": "raised", "mistralai": "raised",
        "cohere": "invented", "ai": "raised",
    },
    "U+2028 in data": {"a2a-sdk": "changed", "ollama": "raised"},
    "invalid UTF-8": {
        "sseclient-py": "raised", "aiohttp-sse-client": "raised", "requests-sse": "raised", "openai": "raised",
        "anthropic": "raised", "mistralai": "raised",
    },
    "`charset=iso-8859-1`": {"httpx-sse": "changed", "httpx2": "changed", "a2a-sdk": "changed", "cohere": "changed"},
    "a line of 200 KiB": {"aiohttp-sse-client": "raised"},
    "no blank line at the end": {"langgraph-sdk": "invented", "sseclient-py": "invented", "google-genai": "invented"},
}  # fmt: skip


@pytest.fixture(scope="module")
def found(mock: Mock) -> Findings:
    """The whole table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NODE_PATH", str(Path(__file__).parents[1] / "sdk" / "node" / "node_modules"))
        return findings(mock.url)


def test_every_peculiarity_is_listed() -> None:
    assert [each.name for each in PECULIARITIES] == list(WRONG)


def test_every_client_reads_it_as_measured_and_the_page_says_so(found: Findings) -> None:
    """In one test: the table takes a minute to make."""
    there = [each.name for each in all_readers() if installed_version(each) is not None]
    assert there
    for name in there:
        measured = {of: row[name] for of, row in found.items() if name in row}
        assert measured == {of: [WRONG[of][name]] if name in WRONG[of] else [] for of in measured}, name
        assert len(measured) == len(PECULIARITIES) or name == "ollama"
    if packages := not_installed():
        missing(f"not installed: {', '.join(packages)}; all others read as measured")
    page = PAGE.read_text()
    if versions() in page:  # else it is about other versions than those that are here
        assert table(found) in page, f"run scripts/readers_table\n{table(found)}\n{json.dumps(found)}"
