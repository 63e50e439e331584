"""The report: the contract's keys, its own schema, and what is generated from it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sseprobe.report import Report, schema
from sseprobe.reporters import FORMATS, by_format
from sseprobe.reporters.sections.stream import sparkline
from tests.support.cli import Cli

ROOT = Path(__file__).parents[2]
_KEYS = {
    "schema_version",
    "tool",
    "command",
    "target",
    "started_at",
    "duration_ms",
    "verdict",
    "exit_code",
    "results",
    "streams",
    "trials",
    "profiles",
    "load",
    "readers",
}
_STREAM = {"status", "http_version", "ending", "error", "text", "events", "reads", "bytes", "clock", "metrics"}
_METRICS = {"ttfb_ms", "ttfe_ms", "ttft_ms", "e2e_ms", "tpot_ms", "tokens", "itl_ms", "bunching_ratio", "client_lag_ms"}


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return Cli()("stream", "--model", "mock/tokens=5,ttft_ms=1,itl_ms=1", "--report", "json").report


def test_the_contracts_keys(report: dict[str, Any]) -> None:
    assert report.keys() >= _KEYS
    [stream] = report["streams"]
    assert stream.keys() >= _STREAM
    assert stream["metrics"].keys() >= _METRICS
    assert stream["metrics"]["itl_ms"].keys() >= {"count", "p50", "p90", "p99", "max"}
    assert report["started_at"].endswith("Z")


def test_it_reads_back(report: dict[str, Any]) -> None:
    again = msgspec.json.decode(json.dumps(report), type=Report)
    assert msgspec.to_builtins(again) == report


def test_the_shipped_schema_is_fresh() -> None:
    shipped = json.loads((ROOT / "sseprobe" / "report.schema.json").read_text())
    assert shipped == json.loads(msgspec.json.encode(schema())), "run scripts/generate"


def test_what_was_not_measured_is_null(cli: Cli) -> None:
    metrics = cli("stream", "--model", "mock/tokens=0,ttft_ms=1", "--report", "json").report["streams"][0]["metrics"]
    assert metrics["ttft_ms"] is None
    assert metrics["tpot_ms"] is None
    assert (metrics["tokens"], metrics["itl_ms"]["count"], metrics["itl_ms"]["p50"]) == (0, 0, None)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("colour", [True, False])
def test_the_terminal_report_fits(report: dict[str, Any], width: int, colour: bool) -> None:
    text = by_format("terminal")(msgspec.convert(report, Report), width=width, colour=colour)
    assert colour or text.rpartition("\n\n")[2].startswith("PASS  stream  POST")
    assert ("\x1b" in text) == colour
    if not colour:
        assert max(map(len, text.splitlines())) <= width
    for label in ("answer", "ending", "latency", "ITL", "tokens", "arrival", "clock", "TPOT = "):
        assert label in text or width < 40


def test_the_picture_shows_what_the_report_shows(report: dict[str, Any]) -> None:
    text = by_format("terminal")(msgspec.convert(report, Report), width=96, colour=False)
    picture = (ROOT / "docs" / "stream.svg").read_text()
    labels = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and line[2] != " "]
    assert labels
    assert all(label in picture for label in labels), "run scripts/generate"


def test_hostile_text_in_a_report() -> None:
    for name in FORMATS:
        hostile = "\x1b[31m\x00\u202e" + "x" * 500
        loaded = Cli()("stream", "--model", "mock/tokens=1,ttft_ms=1", "--report", "json").report
        stream = loaded["streams"][0]
        stream.update(content_type=hostile, ending_reason=hostile, notes=[hostile], finish_reasons=[hostile])
        stream["error"] = {"message": hostile, "type": hostile, "code": hostile}
        text = by_format(name)(msgspec.convert(loaded, Report), width=80, colour=False)
        assert not set(text) & {"\x1b", "\x00", "\u202e"}


def test_a_sparkline_is_scaled_from_zero() -> None:
    assert sparkline([0, 50, 100]) == "▁▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([20, 21, 20]) == "███" or sparkline([20, 21, 20])[1] == "█"
