"""The knobs of a profile: what a hop does to a stream, as numbers and words; and the same in a sentence."""

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
_Token = Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$", description="a name of HTTP in quotes")]
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
    """What a hop does. 0, false, `off` and an empty list: it does not. Times and sizes in the units of their names.

    Holding: `hold_bytes`, a buffer that goes when it is full (`hold_head`: the head takes room in the first one);
    `hold_until_end`; `head_waits`, the head alone, for some body; `flush_ms`, all that is held goes at each tick;
    `coalesce_ms`, held so long from its first byte.
    `flush_by` says in a word which of them it is. `gzip`: `sync` flushes each piece, `blocked` waits until there are
    `gzip_bytes` of output (0: as many as the fault has by default).

    Conditions under which it neither holds nor compresses: `honour_xab`, the answer says `X-Accel-Buffering: no`
    (a compressor then flushes); `honour_no_transform`; a media type in `only_types`; a method not in `method_rule`;
    `passes_chunks`, the answer comes in transfer chunks (then it compresses still).

    Limits: until the head of the answer, of silence between two arrivals, and of the whole. Over them, a client that
    has no head yet gets `status`. `on_timeout`: `504_before_headers`: the same while the hop holds the head back, else
    a cut with FIN; `eof_truncated`: a cut with FIN, once the head has come; `rst`: one with RST.
    `on_cut`: what becomes of what is held when the stream is cut. It goes on, and the cut with it; it is lost; or it
    goes on as if it were complete.
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
        """Refuses knobs that contradict each other."""
        holding = [name for name in ("hold_bytes", "hold_until_end", "flush_ms", "coalesce_ms") if getattr(self, name)]
        if len(holding) > 1:
            raise MisfitError(f"{holding[1]} contradicts {holding[0]}: a hop holds back in one way.", holding[1])
        if self.gzip == "blocked" and holding:
            why = "what such a compressor keeps is what is held back."
            raise MisfitError(f'{holding[0]} contradicts gzip = "blocked": {why}', holding[0])
        if self.gzip_bytes and self.gzip != "blocked":
            raise MisfitError('gzip_bytes needs gzip = "blocked": it is what that compressor keeps.', "gzip_bytes")
        if self.hold_head and not self.hold_bytes:
            raise MisfitError("hold_head needs hold_bytes: the head takes room in that buffer.", "hold_head")
        if self.on_cut == "lose" and not holding and self.flush_by != "end":
            raise MisfitError(
                f'on_cut = "{self.on_cut}" needs something that is held: hold_bytes or the like.', "on_cut"
            )
        if self.rate_after_bytes and not self.rate_bytes_per_s:
            raise MisfitError("rate_after_bytes needs rate_bytes_per_s: it says from where on.", "rate_after_bytes")
        self._check_flush_by(holding)

    def _check_flush_by(self, holding: list[str]) -> None:
        word = self.flush_by
        if word == "chunk" and (holding or self.gzip == "blocked"):
            against = holding[0] if holding else 'gzip = "blocked"'
            raise MisfitError(f'flush_by = "chunk" contradicts {against}: each chunk would go on at once.', "flush_by")
        needed = {"buffer": "hold_bytes", "timer": "flush_ms", "end": "hold_until_end"}.get(word or "")
        if needed and holding != [needed] and (holding or needed != "hold_until_end"):
            raise MisfitError(f'flush_by = "{word}" needs {needed}.', "flush_by")

    @property
    def holds_all(self) -> bool:
        """Whether nothing goes before the end."""
        return self.hold_until_end or self.flush_by == "end"

    @property
    def time_limits(self) -> dict[str, float]:
        """The limits in seconds, by the names that reports use; without those that it does not have."""
        return {limit: getattr(self, knob) for limit, knob in LIMITS.items() if getattr(self, knob)}

    @property
    def holding(self) -> str | None:
        """How the hop holds back, in words; None if it passes on what comes."""
        if self.holds_all:
            said = "holds the whole answer until it is complete"
        elif self.hold_bytes:
            said = f"holds {self.hold_bytes:,} bytes before it passes them on, whatever is in them"
        elif self.flush_ms:
            said = f"passes on what it holds every {self.flush_ms:,g} ms"
        elif self.coalesce_ms:
            said = f"holds what comes for up to {self.coalesce_ms:,g} ms, to send it in fewer segments"
        elif self.gzip == "blocked":
            said = "compresses without flushing, so that events stay in the compressor until it is full"
        elif self.rate_bytes_per_s and not self.rate_after_bytes:
            return f"passes on {self.rate_bytes_per_s:,} bytes a second"
        else:
            return None
        return said + self._conditions()

    def summary(self) -> str:
        """What the hop does, in one line."""
        parts = [self.holding or "passes on what comes, at once"]
        if self.gzip == "sync":
            parts.append("compresses, and flushes each piece")
        if self.upstream_http == "1.0":
            parts.append("asks the server in HTTP/1.0")
        if self.split_bytes:
            parts.append(f"cuts the body into pieces of {self.split_bytes:,} bytes")
        if self.rate_after_bytes:
            parts.append(f"slows down to {self.rate_bytes_per_s:,} bytes a second after {self.rate_after_bytes:,}")
        if self.strip:
            parts.append(f"removes {', '.join(self.strip)}")
        parts += [self._limit(limit, seconds) for limit, seconds in self.time_limits.items()]
        if self.max_bytes:
            parts.append(f"refuses answers over {self.max_bytes:,} bytes")
        parts += ["holds the head until some body is there"] if self.head_waits and not self.holding else []
        parts += [_CUTS[self.on_cut]] if self.on_cut != "pass" else []
        parts += [words for words in (_ABORTS[self.client_abort], _HALF_CLOSES[self.half_close]) if words]
        return "; ".join(parts)

    def _limit(self, limit: str, seconds: float) -> str:
        answers = limit == "first-byte" or (self.on_timeout == "504_before_headers" and self.holding is not None)
        return f"{f'answers {self.status}' if answers else 'cuts'} after {seconds:,g} s {_LIMIT_IN_WORDS[limit]}"

    def _conditions(self) -> str:
        parts = []
        if self.honour_xab:
            parts.append("the answer says X-Accel-Buffering: no")
        if self.passes_chunks:
            parts.append("it comes in transfer chunks")
        if self.honour_no_transform:
            parts.append("it says Cache-Control: no-transform")
        if self.only_types:
            parts.append(f"its type is {' or '.join(self.only_types)}")
        only = f", if asked by {' or '.join(self.method_rule)}" if self.method_rule else ""
        return only + (f", unless {' or '.join(parts)}" if parts else "")


_LIMIT_IN_WORDS: Final = {"first-byte": "without an answer", "idle": "of silence", "total": "in all"}
_CUTS: Final = {
    "lose": "loses what it holds when the stream is cut",
    "hide": "passes a stream on as complete that the server cut",
}
_ABORTS: Final = {
    "immediate": "",
    "next_write": "notices that a client left only when it writes to it",
    "ignore": "does not tell the server that a client left",
}
_HALF_CLOSES: Final = {"abort": "", "ignore": "takes a half-closed connection for an open one"}
