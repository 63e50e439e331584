"""How a received stream ended, and the reason in words. Compressed data that is cut is declared truncated here.

`sseprobe.streams.ending` judges what came. Here stands what only the receiving side knows: its limits, its timeouts,
and compressed data that has no end.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import BodyEnd, Ending
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome
from sseprobe.text import one_line
from sseprobe.units import human_bytes

MAX_KEPT_ITEMS: Final = 1_000_000
"""Of one stream that is kept for judging: events, comments and the like, which may be tiny."""

CODING_IS_CUT: Final = (
    "the compressed data has no end, although HTTP ended cleanly: it was cut off, or its compressor was never closed"
)
_ADVICE: Final = {
    BodyEnd.MISSING_LAST_CHUNK: "Look for a crash or a proxy timeout on the server's side.",
    BodyEnd.SHORT_BODY: "Look for a crash or a wrong Content-Length on the server's side.",
    BodyEnd.TLS_CUT: "Look for a crash or a proxy timeout on the server's side.",
    BodyEnd.RESET: "Look for a crash, a restart or a proxy timeout on the server's side.",
    BodyEnd.PROTOCOL_ERROR: "Compare with the server asked directly: a proxy in between may have damaged the body.",
    BodyEnd.IDLE_TIMEOUT: "Raise --idle-timeout if the model thinks that long; servers should send heartbeats.",
    BodyEnd.TOTAL_TIMEOUT: "Raise --timeout if the stream is meant to last that long.",
    BodyEnd.LIMIT: "A server that streams sends many small events: look for a body that is not an event stream.",
}


class EndOfBody(Struct, frozen=True):
    """What the receiving side knows of the end of a body. `problem`: what broke the body, as a library words it.

    `lacks_content`: the stream was ended here, since no content came within --content-timeout. `coding_is_cut`: HTTP
    ended cleanly, within compressed data.
    """

    body_end: BodyEnd | None
    end_ns: int
    problem: str | None
    lacks_content: bool
    coding_is_cut: bool
    max_bytes: int
    options: ConnectOptions


def outcome_of(decoder: StreamDecoder, end: EndOfBody) -> Outcome:
    """How the stream ended, and why."""
    outcome = decoder.finish(end.body_end or BodyEnd.ABORT, end.end_ns)
    if end.lacks_content and outcome.ending is Ending.IDLE_TIMEOUT:
        limit_s = end.options.content_timeout_s
        return replace(outcome, reason=f"no content came for {limit_s:g} s (--content-timeout)")
    if end.coding_is_cut and outcome.ending is Ending.COMPLETE and not decoder.end_is_proven:
        return Outcome(Ending.TRUNCATED, CODING_IS_CUT, outcome.error)
    reason = _limit_reached(decoder, outcome, end) or outcome.reason
    if end.problem and outcome.ending in (Ending.TRUNCATED, Ending.RESET):
        reason = f"{reason} ({one_line(end.problem)})"
    if outcome.ending is not Ending.ERROR and end.body_end in _ADVICE:
        reason = f"{reason}. {_ADVICE[end.body_end]}"
    return replace(outcome, reason=reason)


def _limit_reached(decoder: StreamDecoder, outcome: Outcome, end: EndOfBody) -> str | None:
    """The limit of ours that ended the stream, None if none did."""
    if outcome.ending is Ending.LIMIT and decoder.tally.over_limit is None:
        limit = f"--max-bytes ({human_bytes(end.max_bytes)})"
        if has_too_many_items(decoder):
            limit = f"{MAX_KEPT_ITEMS:,} events, comments and blank lines"
        return f"the body exceeds {limit}, the limit of what is kept"
    if outcome.ending is Ending.IDLE_TIMEOUT and end.body_end is BodyEnd.IDLE_TIMEOUT:
        return f"no bytes arrived for {end.options.idle_timeout_s:g} s"
    if outcome.ending is Ending.TOTAL_TIMEOUT and end.body_end is BodyEnd.TOTAL_TIMEOUT:
        return f"the stream had not ended after {end.options.timeout_s:g} s"
    return None


def has_too_many_items(decoder: StreamDecoder) -> bool:
    """Whether more is kept of the stream than `MAX_KEPT_ITEMS`."""
    return len(decoder.items) > MAX_KEPT_ITEMS
