"""What the proxy knows of its exchanges: for the admin endpoint, and for probes."""

import itertools
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

MAX_RECORDS: Final = 1000
"""Exchanges that are over, of which the last are kept."""


class Record(Struct):
    """One exchange. Times on the monotonic clock, ns, None: not yet, or never.

    `state`: `open`, `complete`, `broken`, `refused` or `abandoned`. `said`: why it was refused or broke; `by_hop`: that
    was the proxy's own doing, as its faults wanted it, and not the upstream's.
    """

    id: int
    connection: int
    method: str
    target: str
    started_ns: int
    state: str = "open"
    status: int | None = None
    said: str | None = None
    by_hop: bool = False
    bytes_from_upstream: int = 0
    bytes_to_client: int = 0
    head_ns: int | None = None
    client_left_ns: int | None = None
    upstream_closed_ns: int | None = None
    ended_ns: int | None = None


class Records:
    """The exchanges of one server: those that are open, and the last of those that are over."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[int, Record] = {}
        self._over: deque[Record] = deque(maxlen=MAX_RECORDS)

    def begin(self, connection: int, method: bytes, target: bytes) -> Record:
        """A request has come."""
        record = Record(
            next(self._numbers),
            connection,
            method.decode("ascii", "replace"),
            target.decode("ascii", "replace"),
            time.monotonic_ns(),
        )
        self._open[record.id] = record
        return record

    def end(self, record: Record, state: str, said: str | None = None) -> None:
        """It is over."""
        if self._open.pop(record.id, None) is not None:
            record.state, record.said, record.ended_ns = state, said, time.monotonic_ns()
            self._over.append(record)

    def __iter__(self) -> Iterator[Record]:
        """Oldest first."""
        yield from self._over
        yield from self._open.values()
