"""Further knobs for the bundled mock join those that the user gave."""

import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import Request
from sseprobe.probes.mock_knobs import with_knobs
from sseprobe.probes.receive import StreamPlan
from sseprobe.redaction import Redactor


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [("X-Mock", "seed=2")]),
        ([("A", "b")], [("A", "b"), ("X-Mock", "seed=2")]),
        ([("x-mock", "tokens=5"), ("A", "b")], [("A", "b"), ("X-Mock", "tokens=5,seed=2")]),
    ],
)
def test_knobs_are_added(given: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    plan = StreamPlan(Request("GET", "http://h/", given), ConnectOptions(), None, Redactor(), 1, False)
    changed = with_knobs(plan, "seed=2")
    assert changed.request.headers == expected
    assert plan.request.headers == given
