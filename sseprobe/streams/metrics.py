"""Figures of one stream, kept while it runs: nothing here grows with its length.

Definitions, printed in reports because other tools differ. All times count from t0, just before connecting.
TTFB, TTFE, TTFT: to the first byte of the response, the first event, the first event with text, reasoning or a tool
call. ITL: the gaps between events with content. TPOT: (last - first content) / (tokens - 1), tokens as in `usage`.
Silence, of bytes and of content: the longest time without any, from t0 on; of bytes to the end of the body, of content
to the dialect's end, whatever heartbeats came. A stall is a silence of content over a second, behind the first content.
"""

from array import array
from typing import Final

from sseprobe.http_exchange import Clock, Read
from sseprobe.units import NS_PER_MS, NS_PER_S

RESOLUTION_NS: Final = NS_PER_MS
"""A read that came this late, or after nobody had listened this long, cannot tell apart what it holds."""

STALL_NS: Final = NS_PER_S
"""A silence of content over this, behind the first content, is a stall."""

_EXACT: Final = 1 << 16
_SIGNIFICANT_BITS: Final = 7  # buckets 1/128 wide: percentiles are within 0.8 %


class Distribution:
    """Percentiles of non-negative integers: exact for the first 65,536, within 0.8 % beyond, in bounded memory."""

    def __init__(self) -> None:
        self.count = 0
        self.max: int | None = None
        self._values = array("q")
        self._buckets: dict[int, int] = {}

    def add(self, value: int) -> None:
        """Counts one value; beyond 63 bits it is clamped."""
        value = min(value, 2**63 - 1)
        self.count += 1
        if self.max is None or value > self.max:
            self.max = value
        if self._buckets:
            self._add_to_bucket(value)
            return
        self._values.append(value)
        if len(self._values) > _EXACT:
            for each in self._values:
                self._add_to_bucket(each)
            self._values = array("q")

    def percentile(self, percent: int) -> int | None:
        """The smallest value that at least `percent` % of all values do not exceed (nearest rank); None of none."""
        if not self.count:
            return None
        rank = max(1, -(-self.count * percent // 100))
        if not self._buckets:
            return sorted(self._values)[rank - 1]
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= rank:
                break
        shift, digits = divmod(bucket, 1 << _SIGNIFICANT_BITS)
        return digits if not shift else min(self.max or 0, (digits + (1 << _SIGNIFICANT_BITS)) << (shift - 1))

    def _add_to_bucket(self, value: int) -> None:
        shift = max(0, value.bit_length() - _SIGNIFICANT_BITS)
        digits = (value >> (shift - 1)) - (1 << _SIGNIFICANT_BITS) if shift else value
        bucket = (shift << _SIGNIFICANT_BITS) + digits
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1


class Series:
    """A long series for a small picture: its maxima over spans that double whenever `width` points are full."""

    def __init__(self, width: int = 60) -> None:
        self._width = width
        self._span = 1
        self._points: list[int] = []
        self._filled = 0

    def add(self, value: int) -> None:
        if self._filled == 0:
            if len(self._points) == self._width:
                self._points = [max(pair) for pair in zip(self._points[::2], self._points[1::2], strict=True)]
                self._span *= 2
            self._points.append(value)
        else:
            self._points[-1] = max(self._points[-1], value)
        self._filled = (self._filled + 1) % self._span

    @property
    def points(self) -> list[int]:
        """At most `width` maxima, oldest first."""
        return list(self._points)


class Meter:
    """Running figures. Feed it each read once, with the times of what it completed, in order."""

    def __init__(self) -> None:
        self.reads = 0
        self.events = 0
        self.content_events = 0
        self.kernel_reads = 0
        self.ttfb_ns: int | None = None
        self.ttfe_ns: int | None = None
        self.ttft_ns: int | None = None
        self.end_ns: int | None = None
        self.output_tokens: int | None = None
        self.input_tokens: int | None = None
        self.itl = Distribution()
        self.lag = Distribution()
        self.gaps = Series()
        self.unmeasured_gaps = 0
        self._stalls = 0
        self.longest_burst = 0
        self.content_end_ns: int | None = None
        """When the dialect's end came."""
        self._byte_silence_ns = 0
        self._content_silence_ns = 0
        self._last_read_ns = 0
        self._last_content_ns: int | None = None
        self._newest_content_ns: int | None = None
        self._events_measured = 0
        self._reads_measured = 0
        self._open: Read | None = None  # the read being fed
        self._open_events = 0
        self._open_content = 0

    def add(self, read: Read, events: int, content_events: int, *, ended: bool = False) -> None:
        """Counts what one chunk of a read completed. Chunks of the same read are one arrival.

        `ended`: the dialect's end, or an error, was among it.
        """
        self._byte_silence_ns = max(self._byte_silence_ns, read.t_ns - self._last_read_ns)
        self._last_read_ns = read.t_ns
        if content_events:
            self._content_silence_ns = max(self._content_silence_ns, read.t_ns - (self._newest_content_ns or 0))
            self._newest_content_ns = read.t_ns
            self.content_end_ns = None
        if ended:
            self.content_end_ns = read.t_ns
        if self._open is None or read.index != self._open.index:
            self.settle()
            self._open = read
            self.reads += 1
            self.kernel_reads += read.clock is Clock.KERNEL
            if read.lag_ns is not None:
                self.lag.add(read.lag_ns)
        if events and self.ttfe_ns is None:
            self.ttfe_ns = read.t_ns
        if content_events and self.ttft_ns is None:
            self.ttft_ns = read.t_ns
        self._open_events += events
        self._open_content += content_events

    def settle(self) -> None:
        """Closes the read being fed: its gaps and its bunching are known once all of it is."""
        read, events, content = self._open, self._open_events, self._open_content
        if read is None:
            return
        self._open, self._open_events, self._open_content = None, 0, 0
        self.events += events
        self.content_events += content
        late = max(read.blind_ns, read.lag_ns or 0) > RESOLUTION_NS
        if events and not (late and events > 1):
            self._reads_measured += 1
            self._events_measured += events
            self.longest_burst = max(self.longest_burst, events)
        if not content:
            return
        inner = content - 1
        # Late, with several events or without the kernel's stamp, nobody knows when the first of them came.
        if self._last_content_ns is not None:
            if late and (inner or read.clock is not Clock.KERNEL):
                self.unmeasured_gaps += 1
            else:
                self._add_gap(max(0, read.t_ns - self._last_content_ns))
        if late:
            self.unmeasured_gaps += inner
        else:
            for _ in range(inner):
                self._add_gap(0)
        self._last_content_ns = read.t_ns

    def _add_gap(self, gap_ns: int) -> None:
        self.itl.add(gap_ns)
        self.gaps.add(gap_ns)
        self._stalls += gap_ns > STALL_NS

    @property
    def byte_silence_ns(self) -> int | None:
        """The longest time without a byte; None before anything came, or ended."""
        if self.end_ns is None and not self.reads:
            return None
        return max(self._byte_silence_ns, (self.end_ns or 0) - self._last_read_ns)

    @property
    def content_silence_ns(self) -> int | None:
        """The longest time without content; None before anything came, or ended."""
        if self.end_ns is None and not self.reads:
            return None
        return max(self._content_silence_ns, self._silence_at_end_ns)

    @property
    def stalls(self) -> int:
        """Silences of content over the limit, behind the first content."""
        return self._stalls + (self._newest_content_ns is not None and self._silence_at_end_ns > STALL_NS)

    @property
    def _silence_at_end_ns(self) -> int:
        """From the last content, or t0, to the dialect's end, or else to the end of the body."""
        end_ns = self.end_ns if self.content_end_ns is None else self.content_end_ns
        return max(0, (end_ns or 0) - (self._newest_content_ns or 0))

    @property
    def bunching_ratio(self) -> float | None:
        """Events per read that completed any; None if every such read came late."""
        return self._events_measured / self._reads_measured if self._reads_measured else None

    @property
    def clock(self) -> Clock | None:
        """The clock of most reads: the kernel may start to stamp a moment late. None without a read."""
        if not self.reads:
            return None
        return Clock.KERNEL if self.kernel_reads * 2 > self.reads else Clock.USER

    @property
    def tpot_ns(self) -> float | None:
        """(last - first content) / (tokens - 1); None without usage, or with fewer than two tokens."""
        if self.output_tokens is None or self.output_tokens < 2:
            return None
        if self.ttft_ns is None or self._last_content_ns is None:
            return None
        return (self._last_content_ns - self.ttft_ns) / (self.output_tokens - 1)

    @property
    def tokens_per_s(self) -> float | None:
        """1 / TPOT; None where that is unknown or zero."""
        return NS_PER_S / self.tpot_ns if self.tpot_ns else None
