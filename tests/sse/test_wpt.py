"""The cases of web-platform-tests' `eventsource/`, where their restatement is at hand."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sseprobe.sse import Event
from tests.sse.cuts import CUTS, Cut, parse

_FILE = Path(__file__).parents[3] / "shared" / "facts" / "wpt_format_cases.json"
_CASES: list[dict[str, Any]] = json.loads(_FILE.read_text()) if _FILE.exists() else []
# About the connection: the content type, which is not the parser's business.
_FORMAT = [case for case in _CASES if not case["name"].startswith("mime-") or case["expected_connection"] == "open"]


@pytest.mark.skipif(not _CASES, reason=f"{_FILE.name} is not at hand")
@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("case", _FORMAT, ids=[case["name"] for case in _FORMAT])
def test_format(case: dict[str, Any], cut: Cut) -> None:
    # The last event ID string outlives the connection.
    options = {"last_event_id": "…"} if case["name"] == "field-id:after-reconnect" else {}
    items, parser = parse(cut(base64.b64decode(case["bytes_b64"])), **options)
    events = [
        {"type": item.type, "data": item.data, "last_event_id": item.last_event_id}
        for item in items
        if isinstance(item, Event)
    ]
    assert events == case["expected_events"]
    assert parser.retry_ms == case["expected_retry_ms"]
    assert parser.last_event_id == case["final_last_event_id"]
