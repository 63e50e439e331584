"""The session of an abort test: the target, its witnesses, and how a trial waits for them."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.probes.abort.client import Client
from sseprobe.probes.receive import StreamPlan
from sseprobe.stop_detection.judge import not_idle
from sseprobe.stop_detection.reference import Reference
from sseprobe.streams.view import SilentView, StreamView
from sseprobe.units import NS_PER_S, ns
from sseprobe.witnesses.watch import Watch

IDLE_LIMIT_NS: Final = 2 * NS_PER_S
"""How long the witnesses may take to become idle before the first trial."""

FIRST_ANSWER_NS: Final = 30 * NS_PER_S
"""How long a server may take to answer for the first time."""

_REST_LIMIT_S: Final = 10.0


class Setting(Struct, frozen=True):
    """What all trials have in common. `concurrency` streams at once, half of which abort; `control` more that do not.

    `view` sees the first stream of all, which is also the one that is recorded.
    """

    plan: StreamPlan
    grace_s: float
    concurrency: int = 1
    control: int = 0
    view: StreamView = SilentView()

    @property
    def aborting_count(self) -> int:
        """How many clients abort."""
        return max(1, self.concurrency // 2)

    @property
    def control_count(self) -> int:
        """How many clients run beside them to the end."""
        return self.concurrency - self.aborting_count + self.control


class Session:
    """The target, and the watched witnesses. `healthy`: what each saw of a stream that was not aborted."""

    def __init__(self, setting: Setting, watches: list[Watch]) -> None:
        self.setting = setting
        self.watches = watches
        self.healthy: list[Reference] | None = None
        self.server: str | None = None
        """The response header of that name."""
        self._news = asyncio.Event()
        self._is_first = True

    def open_stream(self, plan: StreamPlan | None = None, *, followed: bool = False) -> Client:
        """Opens a stream; `plan`: instead of that of the trials."""
        plan, view = plan or self.setting.plan, self.setting.view
        if not self._is_first:
            plan, view = replace(plan, record_to=None), SilentView()
        self._is_first = False
        return Client(plan, self.news, view, followed=followed)

    def news(self) -> None:
        """Wakes `until`: something has changed."""
        self._news.set()

    async def rest(self, *, first: bool) -> list[str | None]:
        """Waits, bounded, until all witnesses are idle. Returns why each is not, None where it is."""
        if first:  # an idle server may take a while to answer a witness
            await self.until(
                lambda: 0 if all(watch.samples() for watch in self.watches) else None,
                time.monotonic_ns() + FIRST_ANSWER_NS,
            )
        since_ns = time.monotonic_ns()
        limit_ns = IDLE_LIMIT_NS if first else ns(max(_REST_LIMIT_S, 2 * self.setting.grace_s))

        def problems() -> list[str | None]:
            return [not_idle(watch.samples(), since_ns) for watch in self.watches]

        await self.until(lambda: 0 if not any(problems()) else None, since_ns + limit_ns)
        return problems()

    async def until(self, wait_s: Callable[[], float | None], deadline_ns: int | None) -> None:
        """Waits until `wait_s` returns 0, or the deadline. Calls it on each `news`, and after the time it returns."""
        while (wait := wait_s()) is None or wait > 0:
            remaining_s = None if deadline_ns is None else (deadline_ns - time.monotonic_ns()) / NS_PER_S
            if remaining_s is not None and remaining_s <= 0:
                return
            waits = [each for each in (wait, remaining_s) if each is not None]
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(waits, default=None)):
                    await self._news.wait()
