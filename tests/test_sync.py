"""The core without an event loop, and in a running one: reports and errors come through."""

import asyncio
from collections.abc import Callable

import pytest

from sseprobe import sync
from sseprobe.errors import UsageError
from sseprobe.report import Report

NOWHERE = "http://127.0.0.1:9/"
FUNCTIONS: dict[str, Callable[[str], Report]] = {
    "stream": sync.stream,
    "check": sync.check,
    "abort-test": sync.abort_test,
    "buffer-test": sync.buffer_test,
}


@pytest.mark.parametrize("command", FUNCTIONS)
def test_a_report_without_a_loop_and_in_one(command: str) -> None:
    async def notebook() -> Report:
        return FUNCTIONS[command](NOWHERE)

    for report in (FUNCTIONS[command](NOWHERE), asyncio.run(notebook())):
        assert (report.command, report.exit_code) == (command, 3)


def test_errors_come_through_from_the_other_thread() -> None:
    async def notebook() -> None:
        sync.stream(NOWHERE, timeout=0)

    with pytest.raises(UsageError, match="--timeout 0"):
        sync.stream(NOWHERE, timeout=0)
    with pytest.raises(UsageError, match="--timeout 0"):
        asyncio.run(notebook())
