"""The log of exchanges, in memory: for the admin endpoint, and for probes."""

import itertools
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

MAX_RECORDS: Final = 1000
"""How many finished exchanges are kept."""


class ExchangeRecord(Struct):
    """One exchange. Times on the monotonic clock, ns, None: not yet, or never.

    `state`: `open`, `complete`, `broken`, `refused` or `abandoned`. `reason`: why it was refused or broke;
    `by_proxy`: the faults refused or broke it, not the upstream.
    """

    id: int
    connection: int
    method: str
    target: str
    started_ns: int
    state: str = "open"
    status: int | None = None
    reason: str | None = None
    by_proxy: bool = False
    bytes_from_upstream: int = 0
    bytes_to_client: int = 0
    head_ns: int | None = None
    client_closed_ns: int | None = None
    upstream_closed_ns: int | None = None
    ended_ns: int | None = None


class ExchangeLog:
    """The exchanges of one proxy: those under way, and the last of those that are over."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[int, ExchangeRecord] = {}
        self._over: deque[ExchangeRecord] = deque(maxlen=MAX_RECORDS)

    def begin(self, connection: int, method: bytes, target: bytes) -> ExchangeRecord:
        """Adds a request."""
        record = ExchangeRecord(
            next(self._numbers),
            connection,
            method.decode("ascii", "replace"),
            target.decode("ascii", "replace"),
            time.monotonic_ns(),
        )
        self._open[record.id] = record
        return record

    def end(self, record: ExchangeRecord, state: str, reason: str | None = None) -> None:
        """Marks an exchange as finished."""
        if self._open.pop(record.id, None) is not None:
            record.state, record.reason, record.ended_ns = state, reason, time.monotonic_ns()
            self._over.append(record)

    def __iter__(self) -> Iterator[ExchangeRecord]:
        """Oldest first."""
        yield from self._over
        yield from self._open.values()
