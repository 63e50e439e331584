"""What a machine may lack: a reason to skip there, and to fail in continuous integration, which installs everything."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skips the test; fails it where everything is required."""
    if os.environ.get("SSEPROBE_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
