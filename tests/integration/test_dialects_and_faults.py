"""Every dialect, with every fault: the bundled mock on one side of a real socket, sseprobe on the other.

The endings expected stand in two tables: what each fault makes of any dialect, and where a dialect differs. They follow
from what each vendor calls the end of a stream (docs/dialects.md).
"""

from pathlib import Path
from typing import Any

import pytest

from mockserver.faults import FAULTS
from sseprobe import dialects, sync
from sseprobe.config.options.connection import ConnectOptions
from sseprobe.dialects.traits import Scope
from sseprobe.probes.receive import StreamPlan
from sseprobe.report import Report, StreamReport
from tests.support.mock import Mock
from tests.support.notes import without_late_stamps
from tests.support.streams import received, request_for

TOKENS = 12
FRAMING = ("crlf", "cr", "bom", "split-utf8", "no-space", "multi-data", "comments", "u2028", "data-less-block",
           "id-keepalive")  # fmt: skip
ENDINGS = {
    "slow-first": "complete",
    "whole-first": "complete",
    "error": "error",
    "truncate": "truncated",
    "no-terminator": "truncated",
    "fake-complete": "truncated",
    "malformed": "complete",
    "stall": "idle-timeout",
    "cut": "truncated",
    "rst": "reset",
    **dict.fromkeys(FRAMING, "complete"),
    "no-final-blank-line": "truncated",
}
EXCEPTIONS = {
    # The finish reason is the terminator, so that a false one cannot be told from a true one.
    ("gemini", "fake-complete"): "complete",
    ("ollama", "fake-complete"): "complete",
    # One endless line: CR alone ends none.
    ("ollama", "cr"): "truncated",
    # `message-end` is whole; what is lost is the `[DONE]` after it.
    ("cohere", "no-final-blank-line"): "complete",
    # Its readers deliver a last line without LF.
    ("ollama", "no-final-blank-line"): "complete",
    # The end of the body is all there is to go by, and a plain event says what it likes.
    ("plain", "truncate"): "complete",
    ("plain", "no-terminator"): "complete",
    ("plain", "fake-complete"): "complete",
}
CONNECT = ConnectOptions(10, 60, 60)


def stream(mock: Mock, name: str, knobs: str, *, named: bool = True, **options: Any) -> Report:
    """Streams from the mock's path of a dialect, as the command does."""
    url = f"{mock.url}{dialects.by_name(name).path}"
    header = f"X-Mock: itl_ms=1,ttft_ms=1,{knobs}"
    return sync.stream(url, header=header, dialect=name if named else "auto", timeout=60, **options)


def only(report: Report) -> StreamReport:
    (one,) = report.streams
    return one


# `slow-first` takes 2 s, and nothing in it depends on the dialect.
MATRIX = [(name, fault) for name in dialects.NAMES for fault in ENDINGS if fault != "slow-first" or name == "ollama"]


def test_no_fault_is_forgotten() -> None:
    assert {*ENDINGS, "error-before", "rate-limit"} == FAULTS.keys()


@pytest.mark.parametrize(("name", "fault"), MATRIX)
def test_the_ending_is_right(mock: Mock, name: str, fault: str) -> None:
    wanted = EXCEPTIONS.get((name, fault), ENDINGS[fault])
    idle_s = 0.3 if fault == "stall" else 60
    healthy = only(stream(mock, name, f"tokens={TOKENS},seed=3"))
    report = stream(mock, name, f"tokens={TOKENS},seed=3,fault={fault}", idle_timeout=idle_s)
    got = only(report)
    assert got.ending == wanted, got
    assert report.exit_code == (0 if wanted == "complete" else 1)
    if fault in FRAMING and wanted == "complete":
        text = got.text.replace("\u2028\u0085", "") if fault == "u2028" else got.text
        assert text.replace("{\n}", "{}") == healthy.text  # `plain` shows what multi-data does
        assert got.metrics.tokens == healthy.metrics.tokens


FACTS = Path(__file__).parents[3] / "shared" / "facts" / "wire.md"


@pytest.mark.skipif(not FACTS.exists(), reason="the researched facts are not part of the project")
def test_the_terminators_are_those_of_the_facts() -> None:
    """Table 2.16: dialect, success terminator, in-band failure, truncated when."""
    lines = FACTS.read_text().partition("## 2.16")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    facts = {row[0].split()[0].removesuffix("-chat"): row[1] for row in rows}
    for name in ("openai-chat", "openai-responses", "anthropic", "gemini", "cohere", "ollama", "vercel-ui", "ag-ui"):
        terminator = dialects.by_name(name).terminator or ""
        said = facts.get(name) or facts[name.partition("-")[0]]
        assert terminator.replace('"', "").replace(": ", ":") in said, (name, said)


@pytest.mark.parametrize("name", dialects.NAMES)
def test_a_healthy_stream(mock: Mock, name: str) -> None:
    report = stream(mock, name, f"tokens={TOKENS},seed=3,text=one two three")
    got = only(report)
    assert (report.exit_code, got.ending, got.dialect) == (0, "complete", name)
    text = got.text.removesuffix("{}")  # `plain` ends with an event of its own
    assert text == "one two three one two three one two three one two three"
    assert got.metrics.tokens == (None if name == "plain" else TOKENS)
    assert (got.unknown_events, got.incomplete, without_late_stamps(got.notes)) == (0, None, [])


@pytest.mark.parametrize("name", [name for name in dialects.NAMES if name not in ("openai-completions", "plain")])
def test_reasoning_and_tool_calls(mock: Mock, name: str) -> None:
    got = only(stream(mock, name, "reasoning=4,tools=2"))
    assert (got.ending, got.text, got.unknown_events) == ("complete", "", 0)
    assert len(got.reasoning.split()) == 4
    names = [(call.name, call.arguments[:1], call.arguments[-1:]) for call in got.tool_calls]
    assert names == [("get_weather", "{", "}"), ("get_time", "{", "}")]


CITING = {
    "openai-chat",
    "openrouter",
    "vllm",
    "llamacpp",
    "openai-responses",
    "anthropic",
    "gemini",
    "cohere",
    "vercel-ui",
}


@pytest.mark.parametrize("name", sorted(CITING))
def test_citations(mock: Mock, name: str) -> None:
    got = only(stream(mock, name, "tokens=2,citations=2"))
    assert len(got.citations) == 2
    assert ("1" in got.citations[0], "2" in got.citations[1]) == (True, True)


FINISHES: dict[str, dict[str, tuple[str, str | None]]] = {
    "openai-chat": {"length": ("length", "length"), "content_filter": ("content_filter", "content-filter")},
    "openai-completions": {"length": ("length", "length"), "content_filter": ("content_filter", "content-filter")},
    "openai-responses": {
        "length": ("max_output_tokens", "length"),
        "content_filter": ("content_filter", "content-filter"),
    },
    "anthropic": {"length": ("max_tokens", "length"), "content_filter": ("refusal", "refusal")},
    "gemini": {"length": ("MAX_TOKENS", "length"), "content_filter": ("SAFETY", "content-filter")},
    "cohere": {"length": ("MAX_TOKENS", "length")},
    "mistral": {"length": ("length", "length")},
    "ollama": {"length": ("length", "length")},
    "vercel-ui": {"length": ("length", "length"), "content_filter": ("content-filter", "content-filter")},
}


@pytest.mark.parametrize(("name", "finish"), [(name, finish) for name, table in FINISHES.items() for finish in table])
def test_a_stated_reason_to_stop_early(mock: Mock, name: str, finish: str) -> None:
    report = stream(mock, name, f"tokens=3,finish={finish}")
    got = only(report)
    assert (report.exit_code, got.ending) == (0, "complete")
    assert (got.finish_reasons, got.incomplete) == ([FINISHES[name][finish][0]], FINISHES[name][finish][1])


ERRORS: dict[str, tuple[str | None, str | None]] = {
    "openai-chat": ("server_error", "server_error"),
    "openai-completions": ("server_error", "server_error"),
    "openai-responses": (None, "server_error"),
    "anthropic": ("overloaded_error", None),
    "gemini": ("UNAVAILABLE", "503"),
    "cohere": ("ERROR", None),
    "mistral": ("error", None),
    "ollama": (None, None),
    "vercel-ui": (None, None),
    "ag-ui": (None, "server_error"),
    "openrouter": (None, "server_error"),
    "vllm": ("InternalServerError", "500"),
    "llamacpp": ("server_error", "500"),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("after", [0, 3, TOKENS + 5])
def test_an_in_band_error_at_any_event(mock: Mock, name: str, after: int) -> None:
    got = only(stream(mock, name, f"tokens={TOKENS},fault=error@{after}"))
    assert got.ending == "error"
    assert got.error is not None
    assert (got.error.type, got.error.code) == ERRORS[name]
    assert got.error.message
    assert len(got.text.split()) == min(after, TOKENS)


@pytest.mark.parametrize("name", dialects.NAMES)
@pytest.mark.parametrize(("fault", "status"), [("error-before", 500), ("rate-limit", 429)])
def test_errors_before_the_stream(mock: Mock, name: str, fault: str, status: int) -> None:
    report = stream(mock, name, f"fault={fault}")
    assert report.exit_code == 3
    assert f"answered {status}" in (report.error or "")
    assert "application/json" in (report.error or "")


@pytest.mark.parametrize("name", dialects.NAMES)
def test_the_events_tell_the_dialect(mock: Mock, name: str) -> None:
    """Also where the URL does not: then they settle it, and what they settle decodes as well. Of flavours, the first."""
    url = f"{mock.url}{dialects.by_name(name).path}"
    built = dialects.by_name(name).request
    body: Any = built(url, "Hi", None).body.decode() if built and built(url, "Hi", None).body else None  # type: ignore[union-attr]
    url += "?alt=sse" if name == "gemini" else ""
    headers = ["X-Mock: tokens=3,itl_ms=1,ttft_ms=1"]
    request, _, redact = request_for(url, data=body, headers=headers, dialect="plain")
    got = received(StreamPlan(request, CONNECT, None, redact, 10**8))
    assert got.dialect == dialects.names_in(Scope((dialects.by_name(name).wire,)))[0]
    assert got.ending == "complete"
    assert got.metrics.tokens == (None if name == "plain" else 3)


def test_another_dialect_than_the_one_named(mock: Mock) -> None:
    url = f"{mock.url}/v1/messages"
    body = '{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}'
    headers = ["X-Mock: tokens=3,itl_ms=1"]
    report = sync.stream(url, data=body, header=headers, dialect="openai-chat")
    got = only(report)
    assert (report.target.dialect, got.dialect, got.ending, got.metrics.tokens) == (
        "openai-chat",
        "anthropic",
        "error",
        3,
    )
    assert got.ending_reason is not None
    assert "these are events of anthropic, but openai-chat was expected" in got.ending_reason
    assert report.exit_code == 1
    # So does a path that is a vendor's own.
    request, dialect, redact = request_for(url, data=body, headers=headers, dialect="openai-chat")
    assert dialect is not None
    told = received(StreamPlan(request, CONNECT, dialect, redact, 10**8, False))
    assert (told.dialect, told.ending) == ("anthropic", "error")
    # One that any app may use gives way to the events.
    settled = received(StreamPlan(request, CONNECT, dialect.shared(), redact, 10**8, False))
    assert (settled.dialect, settled.ending, without_late_stamps(settled.notes)) == ("anthropic", "complete", [])
