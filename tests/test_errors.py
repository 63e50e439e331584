"""Errors end a command with the code that the contract fixes."""

import pytest

from sseprobe.errors import SseprobeError, TargetError, UsageError


@pytest.mark.parametrize(("kind", "code"), [(SseprobeError, 70), (UsageError, 2), (TargetError, 3)])
def test_exit_codes(kind: type[SseprobeError], code: int) -> None:
    assert kind("why").exit_code == code
    assert issubclass(kind, SseprobeError)
