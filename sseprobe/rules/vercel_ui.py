"""Family VRC: Vercel's UI message stream v1."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import MAX_PARTS, as_id
from sseprobe.reception import Message
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.order import typed
from sseprobe.rules.shapes import require_whole
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript

_API: Final = "https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol"
_OURS: Final = ("vercel-ui",)
_PARTS: Final = ("text", "reasoning")
_TOOL: Final = "tool-input"


@rule("VRC001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def opens_before_use(stream: Transcript) -> Iterator[Finding]:
    """Text, reasoning and tool input start before their deltas, and end.

    What it does: follows `text-start`, `-delta`, `-end`, the same of reasoning by id, and `tool-input-start` and
    `-delta` by call.
    Why it matters: the client throws UIMessageStreamError for a delta or an end without its start, and the message is
    lost.
    Good: `text-start` a, `text-delta` a, `text-end` a. Bad: `text-delta` b, which never started.
    """
    require_whole(stream)
    opened: dict[tuple[str, str], bool] = {}
    last: Message | None = None
    for kind, message in typed(stream):
        family, _, step = kind.rpartition("-")
        if family not in (*_PARTS, _TOOL) or step not in ("start", "delta", "end"):
            continue
        name = as_id(message.fields.get("toolCallId" if family == _TOOL else "id"))
        last, key = message, (family, name)
        if step == "start":
            if len(opened) < MAX_PARTS:
                opened[key] = True
        elif not opened.get(key) and len(opened) < MAX_PARTS:
            said = f"{kind} for {one_line(name, 40)!r}, which is not open"
            yield Finding(said, message.event.span, f"{family}-start", "none")
        elif step == "end":
            opened[key] = False
    if last is None:
        raise NotApplicable("no text, reasoning or tool input came")
    if stream.ending is Ending.COMPLETE:
        for (family, name), is_open in opened.items():
            if is_open and family in _PARTS:
                said = f"{family} {one_line(name, 40)!r} never ends"
                yield Finding(said, last.event.span, f"{family}-end", "none")


@rule("VRC002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def begins_with_start(stream: Transcript) -> Iterator[Finding]:
    """`start` is the first part, and steps are paired.

    What it does: looks at the first part, and that `start-step` and `finish-step` take turns.
    Why it matters: the client begins a message at `start`, and resets its open parts at each step.
    Good: `start`, `start-step`, …, `finish-step`, `finish`. Bad: `text-start` first, or `finish-step` twice.
    """
    events = typed(stream)
    kind, first = events[0]
    if kind not in ("start", "error", "abort"):
        yield Finding(f"the first part is {one_line(kind, 60)}", first.event.span, "start", one_line(kind, 60))
    in_step = False
    for kind, message in events:
        if kind == "start-step":
            if in_step:
                yield Finding("a step starts inside a step", message.event.span, "finish-step", "start-step")
            in_step = True
        elif kind == "finish-step":
            if not in_step:
                yield Finding("a step finishes that never started", message.event.span, "start-step", "finish-step")
            in_step = False
    if in_step and stream.ending is Ending.COMPLETE:
        yield Finding("the last step never finishes", events[-1][1].event.span, "finish-step", "none")
