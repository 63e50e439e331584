"""Where the clients under node are looked for."""

import pytest

from tests.support.sdks import NODE


@pytest.fixture(autouse=True)
def _node_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_PATH", str(NODE / "node_modules"))
