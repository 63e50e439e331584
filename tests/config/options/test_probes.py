"""Options of one probe that exclude each other."""

from typing import Any

import pytest

from sseprobe.config.options.probes import AbortOptions
from sseprobe.errors import UsageError


@pytest.mark.parametrize("other", [{"at": ["mid-stream"]}, {"trials": 2}])
def test_a_sweep_chooses_when_and_how_often(other: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--sweep"):
        AbortOptions(sweep=10, **other)
    assert AbortOptions(sweep=10).trials == 1
    assert AbortOptions(**other).sweep is None
