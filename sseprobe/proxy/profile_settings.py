"""The settings of a profile, `[knobs]` in its file: what a proxy does to a stream, as numbers and words."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from sseprobe.config.toml_file import MisfitError
from sseprobe.proxy.fault import MAX_HELD

MAX_SECONDS: Final = 86_400.0
MAX_COUNT: Final = 1 << 40

_Held = Annotated[int, Meta(ge=0, le=MAX_HELD, description=f"a whole number of bytes from 0 to {MAX_HELD:,}")]
_Bytes = Annotated[int, Meta(ge=0, le=MAX_COUNT, description=f"a whole number of bytes from 0 to {MAX_COUNT:,}")]
_Millis = Annotated[float, Meta(ge=0, le=60_000, description="a number of milliseconds from 0 to 60,000")]
_Seconds = Annotated[float, Meta(ge=0, le=MAX_SECONDS, description=f"a number of seconds from 0 to {MAX_SECONDS:,.0f}")]
_Status = Annotated[int, Meta(ge=400, le=599, description="an HTTP status from 400 to 599")]
_Token = Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$", description="an HTTP token in quotes")]
_MediaType = Annotated[
    str, Meta(pattern=r"^[a-z0-9.+*-]{1,100}/[a-z0-9.+*-]{1,100}$", description="a media type in lower case, in quotes")
]

LIMITS: Final = {
    "first-byte": "first_byte_timeout_s",
    "idle": "idle_timeout_s",
    "total": "total_timeout_s",
}
"""Time limits, by the names that reports use."""


class Knobs(Struct, frozen=True, forbid_unknown_fields=True):
    """What a proxy does. 0, false, `off` and an empty list: it does not. Times and sizes in the units of their names.

    Buffering: `hold_bytes`, a buffer that is sent when it is full (`hold_head`: the head takes room in the first one);
    `hold_until_end`; `head_waits`, the head alone, until some body comes; `flush_ms`, flushed at each tick;
    `coalesce_ms`, held so long from its first byte.
    `flush_by` says in a word which of them it is. `gzip`: `sync` flushes each piece, `blocked` waits until there are
    `gzip_bytes` of output (0: as many as the fault has by default).

    Conditions under which it neither buffers nor compresses: `honour_xab`, the response has `X-Accel-Buffering: no`
    (a compressor then flushes); `honour_no_transform`; a media type in `only_types`; a method not in `method_rule`;
    `passes_chunks`, the response comes in transfer chunks (then it still compresses).

    Limits: until the head of the response, of silence between two arrivals, and of the whole. Over them, a client that
    has no head yet gets `status`. `on_timeout`: `504_before_headers`: the same while the proxy holds the head back,
    else a cut with FIN; `eof_truncated`: a cut with FIN, once the head has come; `rst`: one with RST.
    `on_cut`: what becomes of the buffer when the stream is cut. It is sent, and then the cut; it is lost; or it is sent
    as if the response were complete.
    """

    hold_bytes: _Held = 0
    hold_head: bool = False
    hold_until_end: bool = False
    head_waits: bool = False
    flush_ms: _Millis = 0.0
    flush_by: Literal["chunk", "buffer", "timer", "end"] | None = None
    coalesce_ms: _Millis = 0.0
    split_bytes: _Held = 0
    honour_xab: bool = False
    honour_no_transform: bool = False
    passes_chunks: bool = False
    only_types: tuple[_MediaType, ...] = ()
    method_rule: tuple[_Token, ...] = ()
    gzip: Literal["off", "sync", "blocked"] = "off"
    gzip_bytes: _Held = 0
    first_byte_timeout_s: _Seconds = 0.0
    idle_timeout_s: _Seconds = 0.0
    total_timeout_s: _Seconds = 0.0
    max_bytes: _Bytes = 0
    on_timeout: Literal["eof_truncated", "504_before_headers", "rst"] = "eof_truncated"
    status: _Status = 504
    on_cut: Literal["pass", "lose", "hide"] = "pass"
    upstream_http: Literal["1.0", "1.1"] = "1.1"
    downstream: Literal["chunked", "close"] = "chunked"
    client_abort: Literal["immediate", "next_write", "ignore"] = "immediate"
    half_close: Literal["abort", "ignore"] = "abort"
    strip: tuple[_Token, ...] = ()
    rate_bytes_per_s: _Bytes = 0
    rate_after_bytes: _Bytes = 0

    def __post_init__(self) -> None:
        """Refuses settings that contradict each other."""
        holding = [name for name in ("hold_bytes", "hold_until_end", "flush_ms", "coalesce_ms") if getattr(self, name)]
        if len(holding) > 1:
            raise MisfitError(f"{holding[1]} contradicts {holding[0]}: a profile buffers in one way only.", holding[1])
        if self.gzip == "blocked" and holding:
            why = "such a compressor is the buffer."
            raise MisfitError(f'{holding[0]} contradicts gzip = "blocked": {why}', holding[0])
        if self.gzip_bytes and self.gzip != "blocked":
            raise MisfitError('gzip_bytes needs gzip = "blocked": it is the size of its buffer.', "gzip_bytes")
        if self.hold_head and not self.hold_bytes:
            raise MisfitError("hold_head needs hold_bytes: the head takes room in that buffer.", "hold_head")
        if self.on_cut == "lose" and not holding and self.flush_by != "end":
            raise MisfitError(f'on_cut = "{self.on_cut}" needs a buffer, such as hold_bytes.', "on_cut")
        if self.rate_after_bytes and not self.rate_bytes_per_s:
            raise MisfitError("rate_after_bytes needs rate_bytes_per_s, which begins there.", "rate_after_bytes")
        self._check_flush_by(holding)

    def _check_flush_by(self, holding: list[str]) -> None:
        word = self.flush_by
        if word == "chunk" and (holding or self.gzip == "blocked"):
            against = holding[0] if holding else 'gzip = "blocked"'
            raise MisfitError(f'flush_by = "chunk" contradicts {against}: it sends each chunk at once.', "flush_by")
        needed = {"buffer": "hold_bytes", "timer": "flush_ms", "end": "hold_until_end"}.get(word or "")
        if needed and holding != [needed] and (holding or needed != "hold_until_end"):
            raise MisfitError(f'flush_by = "{word}" needs {needed}.', "flush_by")

    @property
    def holds_all(self) -> bool:
        """Whether nothing is sent before the end."""
        return self.hold_until_end or self.flush_by == "end"

    @property
    def time_limits(self) -> dict[str, float]:
        """The limits in seconds, by the names that reports use; without those that it does not have."""
        return {limit: getattr(self, knob) for limit, knob in LIMITS.items() if getattr(self, knob)}
