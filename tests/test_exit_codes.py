"""The one table from a verdict to an exit code: what weighs most comes first."""

import pytest

from sseprobe.exit_codes import code_of


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 1), ("inconclusive", 4)])
def test_a_verdict(verdict: str, code: int) -> None:
    assert code_of(verdict) == code
    assert code_of(verdict, no_stream=True) == 3
    assert code_of(verdict, no_stream=True, interrupted=True) == 130
    assert code_of(verdict, no_stream=True, interrupted=True, crashed=True) == 70


def test_an_unknown_verdict_has_none() -> None:
    with pytest.raises(KeyError):
        code_of("maybe")
