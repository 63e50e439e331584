"""What each format says of a report: nothing is green that did not pass, nothing is red that did."""

from string import ascii_lowercase
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from sseprobe.report import Excerpt, FindingReport, Report, Verdict
from sseprobe.reporters import by_format
from sseprobe.reporters.cases import CaseOutcome
from sseprobe.reporters.excerpts import excerpt_lines
from sseprobe.reporters.markdown import code, prose
from sseprobe.reporters.sarif import uri
from sseprobe.reporters.sections import cases_of
from sseprobe.reporters.sections.rules import compacted
from sseprobe.rules.base import RuleVerdict, Severity
from tests.reporters.reading import READERS, WIDTH, read_github, read_junit, read_markdown, read_sarif
from tests.support.hop_reports import UNCOUNTED
from tests.support.reports import FULL, REPORTS, TRIAL, finding, made, result


def rendered(report: Report, name: str) -> str:
    return by_format(name)(report, width=WIDTH, colour=False)


def verdict_line(report: Report) -> str:
    """The last line of the terminal's that begins at the left margin: what follows is the rest of a long URL."""
    lines = by_format("terminal")(report, width=400, colour=False).splitlines()
    assert lines[-1].startswith(report.verdict.upper()) or report.exit_code == 130
    return lines[-1]


def outcomes(name: str) -> dict[str, str]:
    return {case.name: str(case.outcome) for case in cases_of(REPORTS[name])}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("format_", READERS)
def test_every_command_in_every_format(format_: str, name: str) -> None:
    text = rendered(REPORTS[name], format_)
    READERS[format_](text)
    assert text.endswith("\n")


@pytest.mark.parametrize("name", REPORTS)
def test_red_exactly_where_the_exit_code_is(name: str) -> None:
    report = REPORTS[name]
    red = report.exit_code != 0
    assert any(case.outcome.counts for case in cases_of(report)) == red
    suite = read_junit(rendered(report, "junit"))
    assert bool(suite.failures + suite.errors) == red
    assert ("error" in [level for level, _, _ in read_github(rendered(report, "github"))]) == red
    assert verdict_line(report).startswith(("FAIL", "INCONCLUSIVE", "INTERRUPTED") if red else "PASS")
    assert ("PASS" in rendered(report, "markdown").splitlines()[0]) != red
    [run] = read_sarif(rendered(report, "sarif"))["runs"]
    counted = [
        each for each in run["results"] if each.get("properties", {"counts": each["level"] == "error"})["counts"]
    ]
    assert bool(counted) == red
    assert run["invocations"][0]["exitCode"] == report.exit_code


@pytest.mark.parametrize("exit_code", [1, 3, 4, 70, 130])
def test_no_reason_is_a_reason_too(exit_code: int) -> None:
    report = made("check", REPORTS["check-crashed"].verdict, exit_code, results=[result("SSE001", RuleVerdict.PASS)])
    suite = read_junit(rendered(report, "junit"))
    assert (suite.tests, suite.errors) == (2, 1)
    assert str(exit_code) in rendered(report, "junit") or exit_code == 130


def test_what_a_result_means() -> None:
    assert outcomes("check-fails") == {
        "SSE001": "passed",
        "HTTP015": "skipped",
        "HTTP016": "skipped",
        "SSE002": "noted",  # a warning
        "SSE007": "failed",
        "SSE009": "noted",  # expected by the baseline
        "TIM001": "skipped",
        "stream 0": "passed",
        "stream 1": "skipped",  # rules judge it
        "baseline": "failed",
    }
    assert outcomes("check-warnings-count")["SSE002"] == "failed"
    assert outcomes("check-named")["TIM001"] == "error"
    assert outcomes("check-crashed")["SSE003"] == "error"
    assert outcomes("check-passes")["trial 0"] == "skipped"  # a rule judges it


def test_what_a_trial_means() -> None:
    assert outcomes("abort-leaks") == {"trial 0": "passed", "trial 1": "failed"}
    assert outcomes("abort-unknown") == {"trial 0": "error"}
    assert outcomes("abort-half-close") == {"trial 0": "skipped", "run": "error"}
    assert outcomes("abort-broken-witness") == {"trial 0": "passed", "run": "error"}


def test_what_a_profile_means() -> None:
    said = outcomes("buffer-fails")
    assert {name for name, outcome in said.items() if outcome == "failed"} == {
        "nginx-legacy",
        "haproxy",
        "envoy-default",
        "express-compression",
    }
    assert {said[name] for name in ("lighttpd", "full-buffer", "aws-apigw-buffered", "av-scanner")} == {"skipped"}
    assert (said["transparent"], said["alb"]) == ("passed", "passed")
    assert outcomes("buffer-open")["my-hop"] == "error"
    # A run that passes all the same does not turn red for it.
    passes = replace(REPORTS["buffer-open"], verdict=Verdict.PASS, exit_code=0)
    assert {str(case.outcome) for case in cases_of(passes)} == {"passed", "noted", "skipped"}


def test_with_two_paths_they_alone_count() -> None:
    assert outcomes("buffer-path-block") == {
        "stream 0": "passed",
        "stream 1": "passed",
        "nginx-legacy": "skipped",
        "path": "failed",
    }
    assert outcomes("buffer-path-unknown")["path"] == "error"
    assert outcomes("buffer-path-clean")["path"] == "passed"


def test_why_a_profile_is_not_counted() -> None:
    skipped = {case.name: case.message for case in cases_of(REPORTS["buffer-passes"]) if case.outcome == "skipped"}
    assert set(skipped) == {each.profile for each in UNCOUNTED}
    assert all(said.startswith("not counted: no change to the endpoint can fix it") for said in skipped.values())


def test_junit_counts_in_seconds() -> None:
    text = rendered(REPORTS["stream-complete"], "junit")
    [suite] = read_junit(text)
    assert suite.time == 1.234
    assert [case.time for case in suite] == [0.86]


def test_sarif_holds_failures_alone() -> None:
    [run] = read_sarif(rendered(REPORTS["check-fails"], "sarif"))["runs"]
    found = {each["ruleId"]: each for each in run["results"]}
    assert found["SSE007"]["baselineState"] == "new"
    assert not {"SSE009", "TIM001"} & found.keys()  # expected by the baseline; inconclusive
    region = found["SSE007"]["locations"][0]["physicalLocation"]["region"]
    said = {"startLine": 1, "byteOffset": 8980, "byteLength": 13, "snippet": {"text": "data: [DONE]␊"}}
    assert region == said
    assert run["properties"]["target"].startswith("http://")


def test_sarif_keeps_to_what_github_takes() -> None:
    names = [f"{first}{second}" for first in ascii_lowercase for second in ascii_lowercase]
    found = [finding(f"{name} " + "word " * 70) for name in names]
    results = [
        replace(result(f"A{number}", RuleVerdict.FAIL, *found), severity=severity)
        for number, severity in enumerate([Severity.INFO] * 6 + [Severity.WARNING, Severity.ERROR])
    ]
    text = rendered(made("check", REPORTS["check-fails"].verdict, 1, results=results), "sarif")
    levels = [each["level"] for each in read_sarif(text)["runs"][0]["results"]]
    assert (levels[: len(names)], levels[-1]) == (["error"] * len(names), "note")
    assert len(levels) <= 5000
    assert len(text.encode()) < 10 * 1024 * 1024


def test_fingerprints_depend_on_rule_and_key_alone() -> None:
    def marks(rule: str, *found: FindingReport) -> list[Any]:
        report = made("check", REPORTS["check-fails"].verdict, 1, results=[result(rule, RuleVerdict.FAIL, *found)])
        [run] = read_sarif(rendered(report, "sarif"))["runs"]
        return [each["partialFingerprints"] for each in run["results"]]

    gap, silence = finding("gap of 41.2 ms", key="A1/gap"), finding("nothing came for 9 s", key="A1/gap")
    assert marks("A1", gap) == marks("A1", silence)
    assert marks("A1", gap) != marks("A1", replace(gap, key="A1/no-gap"))
    assert marks("A1", gap) != marks("A2", gap)
    first, second = marks("A1", gap, silence)
    assert first != second
    assert [first] == marks("A1", gap)


@pytest.mark.parametrize("name", REPORTS)
def test_no_two_results_of_a_run_have_one_fingerprint(name: str) -> None:
    [run] = read_sarif(rendered(REPORTS[name], "sarif"))["runs"]
    marks = [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://127.0.0.1:8000/v1?key=***", "http://127.0.0.1:8000/v1?key=***"),
        ("https://***@example.com/a%20b#c", "https://***@example.com/a%20b#c"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("http://[::x]/", "http%3A%2F%2F%5B%3A%3Ax%5D%2F"),
        ("http://example.com/ä b[0]%", "http://example.com/%C3%A4%20b%5B0%5D%25"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("", "unknown"),
    ],
)
def test_a_uri_is_one(text: str, said: str) -> None:
    assert uri(text) == said


def test_github_shows_ten_of_a_level() -> None:
    found = [finding(f"finding {name}, 100%: a\nb") for name in ascii_lowercase[:20]]
    report = made("check", REPORTS["check-fails"].verdict, 1, results=[result("A1", RuleVerdict.FAIL, *found)])
    annotations = read_github(rendered(report, "github"))
    assert len(annotations) == 10
    assert annotations[-1][2].startswith("and 11 more")
    assert annotations[0][2].startswith("finding a, 100%25: a b")


def test_markdown_keeps_its_bounds() -> None:
    found = [finding("`|" * 300, expected="x" * 400, actual="|" * 400) for _ in range(20)]
    results = [result(f"A{number}", RuleVerdict.FAIL, *found) for number in range(9)]
    report = made(
        "check",
        REPORTS["check-fails"].verdict,
        1,
        results=results,
        notes=[f"note {number} " * 60 for number in range(90)],
    )
    text = rendered(report, "markdown")
    read_markdown(text)
    assert "more: see the JSON report" in text


def test_one_fault_is_told_once_with_a_count() -> None:
    found = [replace(finding(f"gap {number}"), stream=number % 3) for number in range(30)]
    report = made(
        "check",
        REPORTS["check-fails"].verdict,
        1,
        results=[result("A1", RuleVerdict.FAIL, *found)],
        fail_on=Severity.ERROR,
    )
    for form in ("terminal", "markdown", "html", "junit", "github", "sarif"):
        text = " ".join(rendered(report, form).split())
        assert "30 times in 3 streams" in text, form
        assert "gap 7" not in text, form
    assert rendered(report, "json").count('"gap ') == 30


@pytest.mark.parametrize("text", ["a", "`", "``a`", "a|b", "a\\", "a\\|b", " a ", "<b>", "*", "a|`<i>&amp;"])
def test_code_is_the_text(text: str) -> None:
    said = read_markdown(f"| a | b |\n| --- | --- |\n| {code(text)} | c |\n")
    assert said.replace("<code>", "").replace("</code>", "") == f"ab{text.strip() if '|' in text else text}c"


@pytest.mark.parametrize(
    "text", ["# a", "- a", "1. a", "2) a", "+ a", "=", "---", "a_b_ *c* [d](e) `f` <g> &amp; ~h~ i|j"]
)
def test_prose_is_the_text(text: str) -> None:
    assert read_markdown(f"- {prose(text)}\n").replace("\u200b", "") == text


@pytest.mark.parametrize("width", [20, 40, 72, 200])
@pytest.mark.parametrize("before", ["", "data: ", "世界" * 40], ids=len)
@pytest.mark.parametrize("marked", ["", "x", "世", "y" * 300, "界" * 90], ids=len)
@pytest.mark.parametrize("after", ["", "␊", "z" * 300], ids=len)
def test_carets_stand_under_what_is_marked(width: int, before: str, marked: str, after: str) -> None:
    shown, carets = (line.plain for line in excerpt_lines(Excerpt(before, marked, after), width, 6))
    assert max(cell_len(shown), cell_len(carets)) <= width
    columns = [cell_len(shown[:end]) for end in range(len(shown) + 1)]
    start, end = carets.index("^"), len(carets)
    if not marked:
        assert end - start == 1
        assert shown[: columns.index(start)].endswith(before[-1:])
        return
    under = shown[columns.index(start) : columns.index(end)]
    assert under.startswith(marked[0])
    assert set(under) - {"…"} == {marked[0]}
    assert under == marked or (under.endswith("…") and cell_len(shown) >= width - 1)


def test_neighbours_are_drawn_together() -> None:
    ids = ["SSE001", "SSE002", "SSE003", "SSE009", "SSE010", "HTTP011", "OAI", "OAI"]
    assert compacted(ids) == "SSE001-003, SSE009-010, HTTP011, OAI, OAI"


def test_on_a_terminal_the_verdict_stands_last_and_the_worst_finding_before_it() -> None:
    text = rendered(REPORTS["check-fails"], "terminal")
    places = [text.index(said) for said in ("httpx-sse", "SSE002  warning", "SSE009  error", "SSE007  error", "FAIL")]
    assert places == sorted(places)
    assert text.splitlines()[-1].startswith("FAIL  check  POST ")


def test_in_a_file_the_verdict_stands_first_and_the_worst_finding_after_it() -> None:
    for name in ("markdown", "html"):
        text = rendered(REPORTS["check-fails"], name)
        places = [text.lower().index(said) for said in ("fail", "sse007", "sse009", "sse002", "httpx-sse")]
        assert places == sorted(places), name


def test_details_are_shown_to_those_who_ask() -> None:
    hidden = ("not applicable: HTTP015-016", "pass: SSE001", "error, method", "latency")
    report = REPORTS["check-fails"]
    brief = rendered(report, "terminal")
    verbose = by_format("terminal")(report, width=WIDTH, colour=False, verbose=True)
    for said in hidden:
        assert said not in brief
        assert said in verbose
        assert said in read_markdown(rendered(report, "markdown")).replace("\u200b", "")
    assert "2 not applicable" in " ".join(brief.split())
    assert "runs when it is named: --probe NAME" in " ".join(verbose.split())


def test_few_findings_of_a_rule_are_shown_at_once() -> None:
    found = [finding(f"finding {name}") for name in ascii_lowercase[:6]]
    results = [result("A1", RuleVerdict.FAIL, *found)]
    report = made("check", REPORTS["check-fails"].verdict, 1, results=results, fail_on=Severity.ERROR)
    brief = rendered(report, "terminal")
    verbose = by_format("terminal")(report, width=WIDTH, colour=False, verbose=True)
    assert ("finding f" in brief, "more with -v" in brief) == (False, True)
    assert ("finding f" in verbose, "more with -v" in verbose) == (True, False)
    assert "finding f" in rendered(report, "html")


@pytest.mark.parametrize("name", ["check-fails", "check-warnings-count", "buffer-fails", "buffer-path-block"])
def test_a_screen_shows_the_verdict_and_the_worst_finding(name: str) -> None:
    worst = {
        "check-fails": ("SSE007  error", "the stream ends inside an event", "actual    data: [DONE]"),
        "check-warnings-count": ("SSE002  warning", "a byte order mark at the start"),
        "buffer-fails": ("envoy-default  fail", "the answer stops after 15 s", "timeout: 0s on the route"),
        "buffer-path-block": ("7 of 8 bursts", "this path buffers the answer in blocks of about 4,096 bytes"),
    }
    screen = "\n".join(by_format("terminal")(REPORTS[name], width=80, colour=False).splitlines()[-24:])
    assert "\nFAIL  " in screen
    for said in worst[name]:
        assert said in screen


def test_colours_mark_up_nothing_else() -> None:
    for name in ("check-fails", "abort-leaks", "stream-truncated"):
        text = by_format("terminal")(REPORTS[name], width=WIDTH, colour=True)
        assert "\x1b[" in text
    assert "[bold]" in by_format("terminal")(
        made(
            "check",
            REPORTS["check-fails"].verdict,
            1,
            results=[result("A1", RuleVerdict.FAIL, finding("[bold]x"))],
            fail_on=FULL.fail_on,
        ),
        width=WIDTH,
        colour=True,
    )


def test_a_trial_that_failed_in_a_report_that_passes_is_not_as_expected() -> None:
    assert "as expected" not in rendered(REPORTS["check-passes"], "terminal")


def test_many_trials_are_counted() -> None:
    report = made("abort-test", REPORTS["abort-stops"].verdict, 0, trials=[TRIAL] * 150, abort=FULL.abort)
    for name in ("markdown", "html", "terminal"):
        assert "150 trials alike" in rendered(report, name)
    for name in ("markdown", "html"):
        assert "50 more trials: see --report json" in rendered(report, name)
    assert [case.outcome for case in cases_of(report)] == [CaseOutcome.PASSED] * 150


@pytest.mark.parametrize(
    ("expect", "stopped", "windows", "says"),
    [
        ("stop", 40, False, "sweep: no leak in 40 aborts"),
        ("stop", 0, False, "sweep: 40 aborts over 2.4 s"),
        ("continue", 40, False, "sweep: 40 aborts over 2.4 s"),
        ("stop", 37, True, "sweep: leaks where the client aborts after 12.5 ms"),
        ("continue", 37, True, "sweep: continues where the client aborts after 12.5 ms"),
    ],
)
def test_a_sweep_says_no_more_than_it_judged(expect: str, stopped: int, windows: bool, says: str) -> None:
    summary = REPORTS["abort-sweep"].abort
    assert summary is not None
    assert summary.sweep is not None
    sweep = summary.sweep if windows else replace(summary.sweep, windows=[])
    summary = replace(summary, expect=expect, stopped=stopped, running=3 if windows else 0, sweep=sweep)
    text = rendered(replace(REPORTS["abort-sweep"], abort=summary), "terminal")
    assert says in " ".join(text.split())


def test_a_window_that_begins_with_the_head_is_counted_from_it() -> None:
    summary = REPORTS["abort-sweep"].abort
    assert summary is not None
    assert summary.sweep is not None
    [window] = summary.sweep.windows
    at_head = replace(window, from_head_ms=0.0, to_head_ms=0.0)
    summary = replace(summary, sweep=replace(summary.sweep, windows=[at_head]))
    text = " ".join(rendered(replace(REPORTS["abort-sweep"], abort=summary), "terminal").split())
    assert "3 of 3 aborts there, 0 ms to 0 ms after the head)" in text
