"""From knobs to faults: what a hop does, as the row of parts that does it."""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from sseprobe.proxy.fault import Close, Fault
from sseprobe.proxy.fault_wrappers import AtCut, When
from sseprobe.proxy.faults.client_abort import ClientAbort
from sseprobe.proxy.faults.close_delimited import CloseDelimited
from sseprobe.proxy.faults.coalesce import Coalesce
from sseprobe.proxy.faults.first_byte_timeout import FirstByteTimeout
from sseprobe.proxy.faults.flush_timer import FlushTimer
from sseprobe.proxy.faults.gzip import Gzip
from sseprobe.proxy.faults.half_close import HalfClose
from sseprobe.proxy.faults.hold import Hold
from sseprobe.proxy.faults.hold_all import HoldAll
from sseprobe.proxy.faults.hold_head import HoldHead
from sseprobe.proxy.faults.http10 import Http10
from sseprobe.proxy.faults.idle_timeout import IdleTimeout
from sseprobe.proxy.faults.max_bytes import MaxBytes
from sseprobe.proxy.faults.rate import Rate
from sseprobe.proxy.faults.split import Split
from sseprobe.proxy.faults.strip import Strip
from sseprobe.proxy.faults.total_timeout import TotalTimeout
from sseprobe.proxy.profile_settings import Knobs

Factory = Callable[[], Fault]
"""Faults have a state, and are made anew for each exchange."""

_TIME_LIMITS: Final = {"first-byte": FirstByteTimeout, "idle": IdleTimeout, "total": TotalTimeout}


def faults_of(knobs: Knobs, time_scale: float = 1.0) -> list[Factory]:
    """What makes the faults, nearest to the upstream first. `time_scale` divides the time limits, not the holding.

    Limits watch the upstream, so they come first. Headers are removed after all else has read them: nginx obeys
    `X-Accel-Buffering` and does not pass it on.
    """
    return [
        *([Http10] if knobs.upstream_http == "1.0" else []),
        *_limits(knobs, time_scale),
        *_holding(knobs),
        *([partial(Split, knobs.split_bytes)] if knobs.split_bytes else []),
        *([partial(Rate, knobs.rate_bytes_per_s, knobs.rate_after_bytes)] if knobs.rate_bytes_per_s else []),
        *(partial(Strip, name) for name in knobs.strip),
        *([CloseDelimited] if knobs.downstream == "close" else []),
        *_leaving(knobs),
    ]


def _limits(knobs: Knobs, time_scale: float) -> list[Factory]:
    how = Close.RST if knobs.on_timeout == "rst" else Close.FIN
    made: list[Factory] = []
    for limit, seconds in knobs.time_limits.items():
        kind = _TIME_LIMITS[limit]
        while_held = knobs.on_timeout == "504_before_headers"
        made.append(partial(kind, seconds / time_scale, knobs.status, how, while_held=while_held))
    if knobs.max_bytes:
        made.append(partial(MaxBytes, knobs.max_bytes))
    return made


def _holding(knobs: Knobs) -> list[Factory]:
    """What compresses and what holds back, under the conditions that the hop makes."""
    made: list[Factory] = []
    compressor = None
    if knobs.gzip != "off":
        size = {"buffer_bytes": knobs.gzip_bytes} if knobs.gzip_bytes else {}
        compressor = partial(Gzip, knobs.gzip, honour_xab=knobs.honour_xab, **size)
    holder: Factory | None = None
    if knobs.holds_all:
        holder = HoldAll
    elif knobs.hold_bytes:
        holder = partial(Hold, knobs.hold_bytes, with_head=knobs.hold_head)
    elif knobs.flush_ms:
        holder = partial(FlushTimer, knobs.flush_ms)
    elif knobs.coalesce_ms:
        holder = partial(Coalesce, knobs.coalesce_ms)
    elif knobs.head_waits:
        holder = HoldHead
    elif knobs.on_cut != "pass":
        holder = Fault
    if compressor is not None:
        made.append(_conditional(compressor, knobs, honour_xab=False))  # it only flushes, and sees to that itself
    if holder is not None:
        if knobs.on_cut != "pass":
            holder = _at_cut(holder, knobs.on_cut)
        made.append(_conditional(holder, knobs, honour_xab=knobs.honour_xab, passes_chunks=knobs.passes_chunks))
    if knobs.passes_chunks and holder is not None:  # the head waits for some body all the same
        made.append(_conditional(HoldHead, knobs, honour_xab=knobs.honour_xab))
    return made


def _at_cut(inner: Factory, outcome: Literal["lose", "hide"]) -> Factory:
    return lambda: AtCut(inner(), outcome)


def _conditional(inner: Factory, knobs: Knobs, *, honour_xab: bool, passes_chunks: bool = False) -> Factory:
    if not (honour_xab or passes_chunks or knobs.honour_no_transform or knobs.only_types or knobs.method_rule):
        return inner

    def make() -> Fault:
        return When(
            inner(),
            honour_xab=honour_xab,
            honour_no_transform=knobs.honour_no_transform,
            only_types=tuple(kind.encode() for kind in knobs.only_types),
            methods=tuple(method.encode() for method in knobs.method_rule),
            passes_chunks=passes_chunks,
        )

    return make


def _leaving(knobs: Knobs) -> list[Factory]:
    made: list[Factory] = []
    if knobs.client_abort != "immediate":
        made.append(partial(ClientAbort, {"next_write": "next-write", "ignore": "never"}[knobs.client_abort]))
    if knobs.half_close != "abort":
        made.append(partial(HalfClose, knobs.half_close))
    return made
