"""Family COH: Cohere v2."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import MAX_PARTS, as_count
from sseprobe.reception import Message
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.order import typed
from sseprobe.rules.shapes import require_whole
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript

_API: Final = "https://docs.cohere.com/docs/streaming"
_OURS: Final = ("cohere",)
_FAMILIES: Final = ("content", "tool-call", "citation")


@rule("COH001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def begins_with_message_start(stream: Transcript) -> Iterator[Finding]:
    """`message-start` is the first event, and comes once.

    What it does: looks at the first event, and for a second `message-start`.
    Why it matters: clients begin a message there.
    Good: `message-start`, then `content-start`. Bad: `content-delta` first.
    """
    kind, first = typed(stream)[0]
    if kind not in ("message-start", "message-end"):
        yield Finding(f"the first event is {one_line(kind, 60)}", first.event.span, "message-start", one_line(kind, 60))
    for kind, message in typed(stream)[1:]:
        if kind == "message-start":
            yield Finding("message-start comes again", message.event.span, "once", "again")


@rule("COH002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def nests_its_parts(stream: Transcript) -> Iterator[Finding]:
    """Content, tool calls and citations start, get deltas, and end.

    What it does: follows `content-start`, `-delta`, `-end`, and the like of tool calls and citations, by index.
    Why it matters: SDKs put parts together by index; a delta without its start has no type.
    Good: `content-start` 0, deltas, `content-end` 0. Bad: `content-delta` for an index that never started.
    """
    require_whole(stream)
    opened: dict[tuple[str, int], bool] = {}
    last: Message | None = None
    for kind, message in typed(stream):
        family, _, step = kind.rpartition("-")
        index = as_count(message.fields.get("index"))
        if family not in _FAMILIES or index is None:
            continue
        last, key = message, (family, index)
        if step == "start":
            if opened.get(key):
                yield Finding(f"{kind} comes again for {index}", message.event.span, "once", "again")
            if len(opened) < MAX_PARTS:
                opened[key] = True
        elif not opened.get(key) and len(opened) < MAX_PARTS:
            yield Finding(f"{kind} for {index}, which is not open", message.event.span, f"{family}-start", "none")
        elif step == "end":
            opened[key] = False
    if last is None:
        raise NotApplicable("no part came")
    if stream.ending is Ending.COMPLETE:
        for (family, index), is_open in opened.items():
            if is_open:
                yield Finding(f"{family} {index} never ends", last.event.span, f"{family}-end", "none")
