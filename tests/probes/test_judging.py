"""What the rules make of what was seen: the verdict, what counts, and what is left when it is cancelled."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from sseprobe.baseline import Baseline, Expected, save_baseline
from sseprobe.config.options.judging import JudgingOptions
from sseprobe.errors import UsageError
from sseprobe.probes.judging import Evidence, Judging, judge_all, worst
from sseprobe.redaction import Redactor
from sseprobe.report import BaselineReport, RuleResult, Verdict
from sseprobe.rules import RuleVerdict, Severity
from sseprobe.streams.transcript import transcribe
from tests.support.reports import finding, result

NOTHING = Evidence((), (), lambda rule: f"nothing for {rule.id}")
WARNING = replace(result("SSE006", RuleVerdict.FAIL, finding("x")), severity=Severity.WARNING)
EXPECTED = replace(result("OAI004", RuleVerdict.FAIL, replace(finding("x"), baselined=True)), severity=Severity.ERROR)


def judged(options: JudgingOptions, seen: Evidence) -> dict[str, RuleResult]:
    judging = Judging.of(options)
    results, interrupted = asyncio.run(judge_all(judging.selection.rules(), seen, judging.selection, Redactor()))
    assert not interrupted
    return {each.rule: each for each in results}


@pytest.mark.parametrize(
    ("results", "fail_on", "verdict"),
    [
        ([], "error", Verdict.PASS),
        ([result("SSE001", RuleVerdict.PASS)], "info", Verdict.PASS),
        ([WARNING], "error", Verdict.PASS),
        ([WARNING], "warning", Verdict.FAIL),
        ([EXPECTED], "info", Verdict.PASS),
        ([result("SSE001", RuleVerdict.INCONCLUSIVE)], "info", Verdict.PASS),
        ([replace(result("SSE001", RuleVerdict.INCONCLUSIVE), named=True)], "info", Verdict.INCONCLUSIVE),
        ([WARNING, result("SSE001", RuleVerdict.CRASHED)], "info", Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict(results: list[RuleResult], fail_on: str, verdict: Verdict) -> None:
    judging = Judging.of(JudgingOptions(fail_on=fail_on))
    counting = [each for each in results if each.verdict is RuleVerdict.FAIL or not each.findings]
    assert judging.verdict(counting, None) is verdict


def test_a_stale_baseline_fails() -> None:
    assert Judging().verdict([], BaselineReport("f", 1, ["SSE006/x"])) is Verdict.FAIL
    assert Judging().verdict([], BaselineReport("f", 1, [])) is Verdict.PASS


def test_a_baseline_that_is_written_is_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "known.json")
    bad = Evidence((transcribe(b"data: \xff\n\n"),), (), lambda _rule: "")
    found = list(judged(JudgingOptions(select=["SSE"]), bad).values())
    assert Judging.of(JudgingOptions()).verdict(found, None) is Verdict.FAIL
    Judging.of(JudgingOptions(write_baseline=path)).compared(found, complete=True)
    again = Judging.of(JudgingOptions(baseline=path))
    marked, report = again.compared(found, complete=True)
    assert report is not None
    assert (again.verdict(marked, report), report.stale) == (Verdict.PASS, [])


def test_files_that_cannot_be_used_are_found_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--baseline"):
        Judging.of(JudgingOptions(baseline=str(tmp_path / "none")))
    with pytest.raises(UsageError, match="--write-baseline"):
        Judging.of(JudgingOptions(write_baseline=str(tmp_path / "none" / "file")))


def test_what_is_absent_says_why() -> None:
    found = judged(JudgingOptions(select=["SSE006"]), NOTHING)["SSE006"]
    assert (found.verdict, found.reason, found.named) == (RuleVerdict.NOT_APPLICABLE, "nothing for SSE006", True)


def test_a_family_counts_as_named_where_none_of_it_was_judged() -> None:
    assert all(each.named for each in judged(JudgingOptions(select=["SSE"]), NOTHING).values())
    some = replace(NOTHING, streams=[transcribe(b"data: x\n\n")])
    assert not any(each.named for each in judged(JudgingOptions(select=["SSE"]), some).values())


def test_cancelled_it_leaves_the_others_unjudged() -> None:
    async def run() -> tuple[list[RuleResult], bool]:
        seen = replace(NOTHING, streams=[transcribe(b"data: x\n\n")])
        judging = Judging()
        task = asyncio.ensure_future(judge_all(judging.selection.rules(), seen, judging.selection, Redactor()))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    results, interrupted = asyncio.run(run())
    assert interrupted
    assert {each.reason for each in results[-5:]} == {"interrupted before it"}


def test_fail_comes_before_inconclusive_before_pass() -> None:
    assert worst(Verdict.PASS, Verdict.INCONCLUSIVE) is Verdict.INCONCLUSIVE
    assert worst(Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.PASS) is Verdict.FAIL
    assert worst(Verdict.PASS) is Verdict.PASS


def test_a_run_that_was_not_complete_writes_no_baseline(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(save_baseline(Baseline(2, [Expected("SSE007", "SSE007/unfinished")])))
    before = path.read_bytes()
    judging = Judging.of(JudgingOptions(write_baseline=str(path)))
    judging.compared([], complete=False)
    assert path.read_bytes() == before
    judging.compared([], complete=True)
    assert path.read_bytes() == save_baseline(Baseline(2, []))
