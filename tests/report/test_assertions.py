"""What a report says for itself: in words, as JSON, and in assertions."""

import json

import pytest

from sseprobe import sync
from sseprobe.report import Report, load_report
from tests.support.mock import Mock
from tests.support.processes import mock_in_mode

CHAT = "/v1/chat/completions"


def quick(mock: Mock, knobs: str) -> Report:
    return sync.check(
        mock.url + CHAT, headers={"X-Mock": f"itl_ms=1,ttft_ms=1,{knobs}"}, repeat=1, select=["TRM", "SSE"]
    )


def test_one_that_passed(mock: Mock) -> None:
    report = quick(mock, "tokens=5")
    report.assert_passed()
    assert report.findings == []
    assert load_report(report.to_json().encode(), "r") == report
    assert json.loads(report.to_json())["verdict"] == "pass"
    assert str(report).rstrip().splitlines()[-1].startswith("PASS  check")


def test_one_that_failed_shows_why(mock: Mock) -> None:
    report = quick(mock, "tokens=9,fault=truncate@5")
    assert [finding.key.partition("/")[0] for finding in report.findings] == ["TRM001"]
    with pytest.raises(AssertionError, match="expected the verdict pass") as raised:
        report.assert_passed()
    assert "TRM001" in str(raised.value)


def test_a_stop(mock: Mock) -> None:
    report = sync.abort_test()
    report.assert_stopped()
    report.assert_stopped(max_overrun=20)
    with pytest.raises(AssertionError, match="no trial was run"):
        quick(mock, "tokens=5").assert_stopped()


def test_a_leak_is_no_stop() -> None:
    with mock_in_mode("leak-queue", "itl_ms=10,tokens=400") as leak:
        report = sync.abort_test(
            leak["url"] + CHAT, witness=f"mock:{leak['truth_url'].removesuffix('/_truth')}", grace=1
        )
    with pytest.raises(AssertionError, match=r"trial 0: running: the server continued"):
        report.assert_stopped()
