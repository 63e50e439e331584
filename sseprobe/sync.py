"""The core for code without an event loop: `sseprobe.sync.check(…)`. In a running loop it works as well, and blocks."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from sseprobe import api
from sseprobe.api import Target
from sseprobe.report import Report


def stream(target: Target = None, /, **options: Any) -> Report:
    """As `sseprobe.stream`."""
    return _run(api.stream(target, **options))


def check(target: Target = None, /, **options: Any) -> Report:
    """As `sseprobe.check`."""
    return _run(api.check(target, **options))


def abort_test(target: Target = None, /, **options: Any) -> Report:
    """As `sseprobe.abort_test`."""
    return _run(api.abort_test(target, **options))


def buffer_test(target: Target = None, /, **options: Any) -> Report:
    """As `sseprobe.buffer_test`."""
    return _run(api.buffer_test(target, **options))


def _run(work: Coroutine[Any, Any, Report]) -> Report:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # A notebook, or an async test: this thread has a loop already, so another one runs it.
    done: list[Report] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(asyncio.run(work))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="sseprobe", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
