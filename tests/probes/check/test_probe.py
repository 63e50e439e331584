"""The check on recordings, in this process: what counts, and what a crash does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sseprobe import sync
from sseprobe.report import Report, Verdict
from sseprobe.reporters import by_format
from sseprobe.rules import Finding, RuleVerdict, Severity, all_rules
from sseprobe.rules.selection import Selection
from sseprobe.streams.cassette import save
from sseprobe.streams.transcript import Transcript
from tests.support.recordings import Recordings

pytestmark = pytest.mark.usefixtures("one_reader")


@pytest.fixture
def checked(recorded: Recordings, tmp_path: Path) -> Callable[..., Report]:
    """`checked(name, **options)`: the report on a recording."""

    def check(name: str, **options: Any) -> Report:
        path = tmp_path / "recording.jsonl"
        path.write_bytes(save(recorded(name)))
        return sync.check(from_=str(path), **options)

    return check


def _crashes(stream: Transcript) -> Iterator[Finding]:
    yield Finding("too-soon", "before it")
    raise KeyError(len(stream.body))


def test_a_rule_that_crashes_is_contained(checked: Callable[..., Report], monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [replace(rule, check=_crashes) if rule.id == "SSE007" else rule for rule in all_rules()]
    monkeypatch.setattr(Selection, "rules", lambda _self: broken)
    report = checked("TRM001/bad")
    verdicts = {result.rule: result.verdict for result in report.results}
    assert verdicts["SSE007"] is RuleVerdict.CRASHED
    assert verdicts["TRM001"] is RuleVerdict.FAIL
    assert (report.exit_code, report.verdict) == (70, Verdict.INCONCLUSIVE)
    [crashed] = [result for result in report.results if result.rule == "SSE007"]
    assert (crashed.reason or "").startswith("KeyError: ")
    text = by_format("terminal")(report, width=100, colour=False)
    assert "github.com/sseprobe/sseprobe/issues" in text


@pytest.mark.parametrize(
    ("recording", "words", "fail_on", "code"),
    [
        ("TRM001/bad", [], Severity.ERROR, 1),
        ("TRM001/good", [], Severity.ERROR, 0),
        ("SSE006/bad", [], Severity.WARNING, 0),
        ("SSE006/bad", [], Severity.INFO, 1),
        ("TRM001/good", ["TRM004"], Severity.ERROR, 4),
        ("TRM001/good", ["ANT"], Severity.ERROR, 4),
        ("TRM001/good", ["OAI"], Severity.ERROR, 0),
        ("TRM001/good", ["JSON005"], Severity.ERROR, 4),
        ("TRM001/bad", ["ANT", "TRM001"], Severity.ERROR, 1),
    ],
)
def test_what_counts(
    recording: str, words: list[str], fail_on: Severity, code: int, checked: Callable[..., Report]
) -> None:
    report = checked(recording, select=words, ignore=[] if words else ["HTTP"], fail_on=str(fail_on))
    assert report.exit_code == code


def test_every_rule_has_one_result_and_says_why_it_does_not_judge(checked: Callable[..., Report]) -> None:
    report = checked("TRM001/good")
    assert [result.rule for result in report.results] == [rule.id for rule in all_rules()]
    for result in report.results:
        assert (result.reason is None) == (result.verdict in (RuleVerdict.PASS, RuleVerdict.FAIL)), result
