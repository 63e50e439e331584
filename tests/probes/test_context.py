"""What every run has: a report at any moment, the target as it was asked, and what a recording excludes."""

import asyncio
from typing import Any

import pytest

from sseprobe.config.options.groups import Options, read_options
from sseprobe.config.options.probes import StreamOptions
from sseprobe.errors import UsageError
from sseprobe.probes.context import RunContext, refuse_request
from sseprobe.probes.observer import Observer
from sseprobe.report import Verdict
from sseprobe.rules import RuleVerdict
from tests.support.reports import result

URL = "http://me:pass-word@h/v1/chat/completions"


def options(**given: Any) -> Options[StreamOptions]:
    return read_options(StreamOptions, given)


def context(url: str | None = URL, **given: Any) -> RunContext[StreamOptions]:
    return RunContext("stream", url, options(**given), Observer())


@pytest.mark.parametrize(
    ("verdict", "parts", "expected"),
    [
        (Verdict.PASS, {}, (Verdict.PASS, 0)),
        (Verdict.FAIL, {}, (Verdict.FAIL, 1)),
        (Verdict.FAIL, {"error": "no stream"}, (Verdict.FAIL, 3)),
        (Verdict.INCONCLUSIVE, {"results": [result("SSE001", RuleVerdict.CRASHED)]}, (Verdict.INCONCLUSIVE, 70)),
    ],
)
def test_a_report(verdict: Verdict, parts: dict[str, Any], expected: tuple[Verdict, int]) -> None:
    report = context().report(verdict, **parts)
    assert (report.verdict, report.exit_code) == expected
    assert report.duration_ms >= 0


@pytest.mark.parametrize("verdict", Verdict)
def test_a_report_of_an_interrupted_run_is_inconclusive(verdict: Verdict) -> None:
    run = context()
    run.interrupted = True
    report = run.report(verdict)
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 130)


def test_before_anything_was_asked_the_target_is_the_url_masked() -> None:
    assert "pass-word" not in context().report(Verdict.PASS).target.url
    assert context(None).report(Verdict.PASS).target.url == "bundled mock"


def test_the_target_as_it_was_asked() -> None:
    async def ask() -> tuple[str, str]:
        run = context(method="PUT")
        async with run.cleanup:
            asked = await run.prepare_target()
            assert asked.stream.request.method == "PUT"
            target = run.report(Verdict.PASS).target
            assert "pass-word" not in target.url
            return target.method, target.dialect

    assert asyncio.run(ask()) == ("PUT", "openai-chat")


def test_the_dialect_as_it_was_seen() -> None:
    assert context().report(Verdict.PASS, dialect="anthropic").target.dialect == "anthropic"


@pytest.mark.parametrize(
    ("given", "url", "other"),
    [({"method": "PUT"}, None, None), ({"record": "f"}, None, None), ({}, URL, None), ({}, None, ["mock"])],
)
def test_a_recording_asks_no_server(given: dict[str, Any], url: str | None, other: list[str] | None) -> None:
    refuse_request(options(timeout=3), None)
    with pytest.raises(UsageError, match="--from reads a recording"):
        refuse_request(options(**given), url, other)
