"""docs/sdks.md says what the installed SDKs do."""

from pathlib import Path

import pytest

from tests.support.mock import Mock
from tests.support.requirements import missing
from tests.support.sdk_table import not_installed, table, versions

PAGE = Path(__file__).parents[2] / "docs" / "sdks.md"
pytestmark = pytest.mark.timeout(180)


def test_the_table_is_true(mock: Mock) -> None:
    if packages := not_installed():
        missing(f"not installed: {', '.join(packages)}")
    page = PAGE.read_text()
    if versions() not in page:
        pytest.skip(f"docs/sdks.md is about other versions than those installed ({versions()})")
    made = table(mock.url)
    assert made in page, f"run scripts/sdk_table\n{made}"
