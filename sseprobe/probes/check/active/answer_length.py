"""`answer-length`: short and long answers in turns. If the first token waits for the last one, nothing streams."""

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from sseprobe.dialects.base import as_dict, as_list
from sseprobe.http_exchange import Ending
from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, Skipped, stream_once
from sseprobe.probes.receive import StreamPlan
from sseprobe.rules.probe_results import Lengths
from sseprobe.streams.transcript import Transcript

_TURNS: Final = 3
_SHORT: Final = "ProbeAnswer with one word: yes."
_LONG: Final = "Write a story of at least three hundred words about a lighthouse keeper."
_SHORT_KNOBS: Final = "tokens=3"
_LONG_KNOBS: Final = "tokens=60"
_PROMPT_FIELDS: Final = ("prompt", "message", "input", "question", "query", "q", "text", "user_input", "content")


async def _run(context: ProbeContext) -> ProbeResult:
    short, long, request = _plans(context)
    streams: tuple[list[Transcript], list[Transcript]] = ([], [])
    for _ in range(_TURNS):
        for plan, taken in zip((short, long), streams, strict=True):
            stream = (await stream_once(plan)).transcript()
            if stream.ending is not Ending.COMPLETE or not stream.content:
                raise Skipped(
                    f"{request}: a stream ended as {stream.ending}, or without content, so nothing is compared"
                )
            taken.append(stream)
    return ProbeResult(
        [Lengths(tuple(streams[0]), tuple(streams[1]), request)], f"{_TURNS} short and {_TURNS} long answers"
    )


def _plans(context: ProbeContext) -> tuple[StreamPlan, StreamPlan, str]:
    """The requests for a short and a long answer, and what they request in words. Raises Skipped."""
    if context.mock_url is not None:
        return context.with_knobs(_SHORT_KNOBS), context.with_knobs(_LONG_KNOBS), "asked for 3 and for 60 tokens"
    body = context.plan.request.body
    try:
        value = msgspec.json.decode(body or b"")
    except msgspec.DecodeError:
        value = None
    bodies = [_asking(value, prompt) for prompt in (_SHORT, _LONG)]
    if None in bodies:
        raise Skipped("the request has no known prompt field: give a JSON body with -d, or a --dialect")
    short, long = (
        replace(context.plan, request=replace(context.plan.request, body=msgspec.json.encode(each))) for each in bodies
    )
    return short, long, "asked for a word and for three hundred words"


def _asking(body: Any, prompt: str) -> Any:
    """The body with another prompt: of the last message, or in the field that apps have for it. None if it has none."""
    if not isinstance(body, dict):
        return None
    for name in ("messages", "contents"):
        turns = as_list(body.get(name))
        if turns and isinstance(turns[-1], dict):
            return {**body, name: [*turns[:-1], _saying(turns[-1], prompt)]}
    for name in _PROMPT_FIELDS:
        if isinstance(body.get(name), str):
            return {**body, name: prompt}
    for name, inner in body.items():
        if isinstance(inner, dict) and (changed := _asking(inner, prompt)) is not None:
            return {**body, name: changed}
    return None


def _saying(turn: dict[str, Any], prompt: str) -> dict[str, Any]:
    """A message with another text: as a string, or in its last part."""
    for name in ("parts", "content"):
        parts = as_list(turn.get(name))
        if parts and "text" in as_dict(parts[-1]):
            return {**turn, name: [*parts[:-1], {**parts[-1], "text": prompt}]}
    return {**turn, "content": prompt}


PROBE = ActiveProbe("answer-length", (Lengths,), _run)
