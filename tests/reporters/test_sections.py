"""The table of sections: whole, and each of them says something of a report that holds its kind of result."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from sseprobe.report import Report, Verdict
from sseprobe.reporters import by_format, sections
from sseprobe.reporters.blocks import Table, is_empty
from sseprobe.reporters.sections import CLAIMS, SECTIONS, blocks_of, cases_of
from sseprobe.reporters.sections.abort import aborted
from sseprobe.reporters.sections.base import Section
from tests.reporters.reading import WIDTH
from tests.support.reports import FULL, LEAK, REPORTS, TRIAL, made

EMPTY = made("check", Verdict.PASS, 0)


def test_each_file_stands_in_the_table() -> None:
    folder = Path(sections.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert {section.blocks.__module__.rpartition(".")[2] for section in SECTIONS} == files
    assert len({section.kind for section in SECTIONS}) == len(SECTIONS) == len(files)


@pytest.mark.parametrize("section", SECTIONS, ids=[section.kind for section in SECTIONS])
def test_a_section_says_something_of_its_kind_and_nothing_of_others(section: Section) -> None:
    assert [block for block in section.blocks(FULL) if not is_empty(block)]
    assert [block for block in section.blocks(EMPTY) if not is_empty(block)] == []
    assert not [*section.summary(EMPTY), *section.cases(EMPTY)]


def test_what_is_no_rule_has_a_claim() -> None:
    assert {case.kind for case in cases_of(FULL)} >= {"rule", "trial", "profile", "path", "stream", "baseline"}
    assert all(CLAIMS[case.kind] for case in cases_of(FULL) if case.result is None)


def test_columns_without_anything_are_left_out() -> None:
    [table] = [block for block in blocks_of(REPORTS["buffer-path-block"]) if block.title == "Time limits"]
    assert isinstance(table, Table)
    assert [column.name for column in table.columns] == ["Result", "Limit", "Profiles"]


def _shown(report: Report) -> str:
    return " ".join(by_format("terminal")(report, width=WIDTH, colour=False).split())


def test_trials_that_are_alike_are_told_once_by_the_worst() -> None:
    slower = [replace(LEAK, overrun_tokens=150 + number, left_ms=200.0 + number) for number in range(4)]
    report = replace(REPORTS["abort-leaks"], trials=[TRIAL, *slower, replace(LEAK, how="rst")])
    text = _shown(report)
    assert "4 trials alike, the worst: aborted with FIN mid-stream after 203 ms (10 deltas) · 153+ tokens" in text
    assert "aborted with RST" in text
    assert "150+ tokens" not in text
    assert text.index("stopped aborted with FIN") < text.index("4 trials alike")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "aborted with FIN mid-stream after 212 ms (10 deltas) · stop lag 1.2 ms · 0 tokens generated after the abort"),
        ({"overrun_tokens": 1, "stop_lag_ms": None, "deltas": 1},
         "aborted with FIN mid-stream after 212 ms (1 delta) · 1 token generated after the abort"),
        ({"how": "h2-reset", "at": "before-headers", "stop_lag_ms": None, "overrun_tokens": None, "verdict": None},
         "aborted with an HTTP/2 reset before the headers after 212 ms (10 deltas) · not judged"),
        ({"at": "after-tokens:50", "control_clients": 2, "stop_lag_ms": None, "overrun_tokens": None},
         "1 of 3 clients aborted with FIN (after-tokens:50) after 212 ms (10 deltas)"),
        ({"left_ms": None, "reason": "the stream was over"}, "no abort with FIN mid-stream: the stream was over"),
    ],
)  # fmt: skip
def test_an_abort_in_words(fields: dict[str, object], text: str) -> None:
    assert aborted(replace(TRIAL, **fields)) == text


def test_control_streams_are_counted() -> None:
    whole = _shown(replace(REPORTS["abort-stops"], trials=[replace(TRIAL, control_clients=3)]))
    assert "control 3 of 3 concurrent streams completed" in whole
    failed = replace(TRIAL, control_clients=3, control_failures=["truncated: no last chunk"], verdict=Verdict.FAIL)
    text = _shown(replace(REPORTS["abort-stops"], trials=[failed]))
    assert "control 2 of 3 concurrent streams completed control failed truncated: no last chunk" in text
    assert "streams that were not aborted failed" in text
