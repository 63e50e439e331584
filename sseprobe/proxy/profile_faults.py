"""What each setting of a profile does: the faults that imitate it, and the words that describe it.

To give profiles another fault: a field in `profile_settings.Knobs`, and a row in `PARTS`.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal, NamedTuple

from sseprobe.proxy.fault import Close, Fault, FaultFactory
from sseprobe.proxy.fault_wrappers import AtCut, When
from sseprobe.proxy.faults.client_abort import ClientAbort
from sseprobe.proxy.faults.close_delimited import CloseDelimited
from sseprobe.proxy.faults.coalesce import Coalesce
from sseprobe.proxy.faults.first_byte_timeout import FirstByteTimeout
from sseprobe.proxy.faults.flush_timer import FlushTimer
from sseprobe.proxy.faults.gzip import DEFAULT_BUFFER_BYTES, Gzip
from sseprobe.proxy.faults.half_close import HalfClose
from sseprobe.proxy.faults.hold import Hold
from sseprobe.proxy.faults.hold_all import HoldAll
from sseprobe.proxy.faults.hold_head import HoldHead
from sseprobe.proxy.faults.http10 import Http10
from sseprobe.proxy.faults.idle_timeout import IdleTimeout
from sseprobe.proxy.faults.max_bytes import MaxBytes
from sseprobe.proxy.faults.slow import Rate
from sseprobe.proxy.faults.split import Split
from sseprobe.proxy.faults.strip import Strip
from sseprobe.proxy.faults.total_timeout import TotalTimeout
from sseprobe.proxy.profile_settings import LIMITS, Knobs
from sseprobe.proxy.time_limit import TimeLimit


class Part(NamedTuple):
    """One thing that a proxy does. `when`: the settings ask for it; `faults`: how it is imitated, given the settings
    and by how much time limits are divided; `words`: it in a summary, None where another part says it.
    """

    when: Callable[[Knobs], object]
    faults: Callable[[Knobs, float], list[FaultFactory]]
    words: Callable[[Knobs], str | None]


class Buffer(NamedTuple):
    """One way of holding data back. `words` None: it does not delay the body."""

    when: Callable[[Knobs], object]
    fault: Callable[[Knobs], FaultFactory]
    words: Callable[[Knobs], str | None]


BUFFERS: Final = (
    Buffer(lambda k: k.holds_all, lambda _: HoldAll, lambda _: "buffers the response until it is complete"),
    Buffer(
        lambda k: k.hold_bytes,
        lambda k: partial(Hold, k.hold_bytes, with_head=k.hold_head),
        lambda k: f"buffers the response in blocks of {k.hold_bytes:,} bytes",
    ),
    Buffer(
        lambda k: k.flush_ms,
        lambda k: partial(FlushTimer, k.flush_ms),
        lambda k: f"buffers, and flushes every {k.flush_ms:,g} ms",
    ),
    Buffer(
        lambda k: k.coalesce_ms,
        lambda k: partial(Coalesce, k.coalesce_ms),
        lambda k: f"buffers for up to {k.coalesce_ms:,g} ms, to send fewer segments",
    ),
    Buffer(lambda k: k.head_waits, lambda _: HoldHead, lambda _: None),
    Buffer(lambda k: k.on_cut != "pass", lambda _: Fault, lambda _: None),
)
"""The first that applies is what a proxy does."""

_COMPRESSOR: Final = "compresses without flushing, so events stay in the compressor until it is full"
_LIMITS: Final[dict[str, tuple[type[TimeLimit], str]]] = {
    "first-byte": (FirstByteTimeout, "without a response"),
    "idle": (IdleTimeout, "of silence"),
    "total": (TotalTimeout, "in total"),
}
_CUTS: Final = {"lose": "loses its buffer if the stream is cut", "hide": "passes a cut stream on as complete"}
_ABORTS: Final = {
    "next_write": ("next-write", "notices a client disconnect only at its next write"),
    "ignore": ("never", "does not close the upstream connection on client disconnect"),
}


def buffering_of(knobs: Knobs) -> str | None:
    """How the proxy delays data, in words; None if it does not."""
    buffer = _buffer_of(knobs)
    words = buffer.words(knobs) if buffer else None
    if words is None and knobs.gzip == "blocked":
        words = _COMPRESSOR
    if words is None:
        return _rate(knobs) if knobs.rate_bytes_per_s and not knobs.rate_after_bytes else None
    return words + _conditions(knobs)


def summary_of(knobs: Knobs) -> str:
    """What the proxy does, in one line."""
    words = [part.words(knobs) for part in PARTS if part.when(knobs)]
    return "; ".join([buffering_of(knobs) or "passes data through at once", *filter(None, words)])


def faults_of(knobs: Knobs, time_scale: float = 1.0) -> list[FaultFactory]:
    """What makes the faults, nearest to the upstream first. `time_scale` divides the time limits, not the buffering."""
    return [fault for part in PARTS if part.when(knobs) for fault in part.faults(knobs, time_scale)]


def _buffer_of(knobs: Knobs) -> Buffer | None:
    return next((buffer for buffer in BUFFERS if buffer.when(knobs)), None)


def _time_limit(limit: str) -> Part:
    kind, words = _LIMITS[limit]

    def seconds(knobs: Knobs) -> float:
        return float(getattr(knobs, LIMITS[limit]))

    def faults(knobs: Knobs, time_scale: float) -> list[FaultFactory]:
        how = Close.RST if knobs.on_timeout == "rst" else Close.FIN
        while_held = knobs.on_timeout == "504_before_headers"
        return [partial(kind, seconds(knobs) / time_scale, knobs.status, how, while_held=while_held)]

    def described(knobs: Knobs) -> str:
        responds = limit == "first-byte" or (knobs.on_timeout == "504_before_headers" and buffering_of(knobs))
        cuts = "resets the connection" if knobs.on_timeout == "rst" else "closes the connection"
        return f"{f'responds {knobs.status}' if responds else cuts} after {seconds(knobs):,g} s {words}"

    return Part(seconds, faults, described)


def _compressing(knobs: Knobs, _time_scale: float) -> list[FaultFactory]:
    mode: Literal["sync", "blocked"] = "sync" if knobs.gzip == "sync" else "blocked"
    size = knobs.gzip_bytes or DEFAULT_BUFFER_BYTES
    compressor = partial(Gzip, mode, honour_xab=knobs.honour_xab, buffer_bytes=size)
    return [_conditional(compressor, knobs, honour_xab=False)]  # it only flushes then, by itself


def _buffering(knobs: Knobs, _time_scale: float) -> list[FaultFactory]:
    buffer = _buffer_of(knobs)
    if buffer is None:
        return []
    fault = buffer.fault(knobs)
    if (outcome := knobs.on_cut) != "pass":
        uncut = fault
        fault = lambda: AtCut(uncut(), outcome)  # noqa: E731
    made = [_conditional(fault, knobs, honour_xab=knobs.honour_xab, passes_chunks=knobs.passes_chunks)]
    if knobs.passes_chunks:  # the head waits for some body all the same
        made.append(_conditional(HoldHead, knobs, honour_xab=knobs.honour_xab))
    return made


def _conditional(inner: FaultFactory, knobs: Knobs, *, honour_xab: bool, passes_chunks: bool = False) -> FaultFactory:
    if not (honour_xab or passes_chunks or knobs.honour_no_transform or knobs.only_types or knobs.method_rule):
        return inner
    return lambda: When(
        inner(),
        honour_xab=honour_xab,
        honour_no_transform=knobs.honour_no_transform,
        only_types=tuple(kind.encode() for kind in knobs.only_types),
        methods=tuple(method.encode() for method in knobs.method_rule),
        passes_chunks=passes_chunks,
    )


def _conditions(knobs: Knobs) -> str:
    parts = []
    if knobs.honour_xab:
        parts.append("has X-Accel-Buffering: no")
    if knobs.passes_chunks:
        parts.append("is chunked")
    if knobs.honour_no_transform:
        parts.append("has Cache-Control: no-transform")
    if knobs.only_types:
        parts.append(f"is {' or '.join(knobs.only_types)}")
    only = f", for {' and '.join(knobs.method_rule)} requests only" if knobs.method_rule else ""
    return only + (f", unless the response {' or '.join(parts)}" if parts else "")


def _head_words(knobs: Knobs) -> str | None:
    if buffering_of(knobs) or not knobs.head_waits:
        return None
    return "holds the response head until the first byte of body"


def _rate(knobs: Knobs) -> str:
    after = f" after the first {knobs.rate_after_bytes:,}" if knobs.rate_after_bytes else ""
    return f"limits the rate to {knobs.rate_bytes_per_s:,} bytes per second{after}"


PARTS: Final = (
    Part(lambda k: k.upstream_http == "1.0", lambda _, __: [Http10], lambda _: "uses HTTP/1.0 upstream"),
    *map(_time_limit, _LIMITS),
    Part(
        lambda k: k.max_bytes,
        lambda k, _: [partial(MaxBytes, k.max_bytes)],
        lambda k: f"fails responses over {k.max_bytes:,} bytes",
    ),
    Part(
        lambda k: k.gzip != "off",
        _compressing,
        lambda k: "compresses, and flushes each write" if k.gzip == "sync" else None,
    ),
    Part(_buffer_of, _buffering, _head_words),
    Part(lambda k: k.on_cut != "pass", lambda _, __: [], lambda k: _CUTS[k.on_cut]),
    Part(
        lambda k: k.split_bytes,
        lambda k, _: [partial(Split, k.split_bytes)],
        lambda k: f"splits the body into pieces of {k.split_bytes:,} bytes",
    ),
    Part(
        lambda k: k.rate_bytes_per_s,
        lambda k, _: [partial(Rate, k.rate_bytes_per_s, k.rate_after_bytes)],
        lambda k: None if buffering_of(k) == _rate(k) else _rate(k),
    ),
    Part(
        lambda k: k.strip,
        lambda k, _: [partial(Strip, name) for name in k.strip],
        lambda k: f"removes {', '.join(k.strip)}",
    ),
    Part(lambda k: k.downstream == "close", lambda _, __: [CloseDelimited], lambda _: "responds in HTTP/1.0"),
    Part(
        lambda k: k.client_abort in _ABORTS,
        lambda k, _: [partial(ClientAbort, _ABORTS[k.client_abort][0])],
        lambda k: _ABORTS[k.client_abort][1],
    ),
    Part(
        lambda k: k.half_close == "ignore",
        lambda _, __: [partial(HalfClose, "ignore")],
        lambda _: "ignores a half-close",
    ),
)
"""Nearest to the upstream first. Time limits watch the upstream, so they come first. Headers are removed after all else
has read them: nginx obeys `X-Accel-Buffering` and does not pass it on.
"""
