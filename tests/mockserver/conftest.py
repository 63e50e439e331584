"""A mock in a process of its own, as it really runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock


@pytest.fixture(scope="session")
def mock() -> Iterator[Mock]:
    """A mock with default settings; its records are told apart by `X-Mock-Id`."""
    words = [sys.executable, "-m", "mockserver", json.dumps({"json": True, "truth_port": 0})]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    yield Mock(line["url"], line["truth_url"])
    process.terminate()
    process.wait(timeout=20)
    process.stdout.close()
