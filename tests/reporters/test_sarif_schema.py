"""SARIF against its own schema, as Microsoft's package carries it: `npm install` in tests/sdk/node brings it."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from sseprobe.reporters import by_format
from tests.reporters.reading import WIDTH
from tests.support.hostile import HOSTILE, Walk
from tests.support.reports import FULL, REPORTS
from tests.support.requirements import missing

SCHEMA = Path(__file__).parents[1] / "sdk/node/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def validator() -> Draft4Validator:
    """The schema as a judge."""
    if not SCHEMA.exists():
        missing("the schema of SARIF is not there: run npm install in tests/sdk/node")
    return Draft4Validator(json.loads(SCHEMA.read_text()), format_checker=Draft4Validator.FORMAT_CHECKER)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_valid(name: str, validator: Draft4Validator) -> None:
    validator.validate(json.loads(by_format("sarif")(REPORTS[name], width=WIDTH, colour=False)))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_reports_are_valid(name: str, validator: Draft4Validator) -> None:
    hostile = Walk(HOSTILE[name])(FULL)
    validator.validate(json.loads(by_format("sarif")(hostile, width=WIDTH, colour=False)))
