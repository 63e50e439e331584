"""The request options: what they describe, and how they are repeated in a command."""

from typing import Any

import pytest

from sseprobe.config.options.request import RequestOptions


@pytest.mark.parametrize(
    ("given", "events", "dialect", "request_"),
    [
        ({}, False, False, False),
        ({"dialect": "openai-chat"}, False, True, False),
        ({"text_at": "/t"}, True, True, False),
        ({"framing": "ndjson"}, True, True, False),
        ({"headers": ["A: b"]}, False, False, True),
        ({"data": "{}"}, False, False, True),
        ({"api_key_env": "KEY"}, False, False, True),
    ],
)
def test_what_is_described(given: dict[str, Any], events: bool, dialect: bool, request_: bool) -> None:
    options = RequestOptions(**given)
    assert (options.describes_events, options.names_dialect, options.describes_request) == (events, dialect, request_)


def test_nothing_is_repeated_that_was_not_given() -> None:
    assert RequestOptions().as_arguments() == ()


def test_options_are_repeated_with_credentials_masked() -> None:
    options = RequestOptions(
        method="PUT", headers=["Authorization: Bearer sk-1", "X-Tenant: blue"], dialect="plain", done_when="[DONE]"
    )
    arguments = " ".join(options.as_arguments())
    assert arguments == "-X PUT --dialect plain --done-when [DONE] -H Authorization: *** -H X-Tenant: blue"
