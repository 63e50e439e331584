"""The judging options."""

import pytest

from sseprobe.config.options.judging import JudgingOptions
from sseprobe.errors import UsageError


def test_one_baseline_at_a_time() -> None:
    with pytest.raises(UsageError, match="give one of them"):
        JudgingOptions(baseline="a", write_baseline="b")


@pytest.mark.parametrize("given", [{"select": ["SSE"]}, {"ignore": ["SSE"]}, {"fail_on": "info"}, {"baseline": "a"}])
def test_whether_any_is_given(given: dict[str, object]) -> None:
    assert JudgingOptions(**given).are_given  # type: ignore[arg-type]
    assert not JudgingOptions().are_given
