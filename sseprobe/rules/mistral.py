"""Family MIS: Mistral's chat completions, where they differ from OpenAI's chunks; the rest is family OAI."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.openai_chunks import all_chunks, choices, finish_of, has_usage, is_legible
from sseprobe.streams.transcript import Transcript

_OURS: Final = Scope((Wire.OPENAI_CHUNKS,), having=(Trait.USAGE_WITH_FINISH,))
_CHAT: Final = "https://docs.mistral.ai/api/endpoint/chat"


@rule("MIS001", Severity.WARNING, Kind.CONFORMANCE, _CHAT, dialects=_OURS)
def counts_with_the_finish(stream: Transcript) -> Iterator[Finding]:
    """Usage comes once, in the chunk with the finish reason.

    What it does: Reports `usage` that is missing, repeated, or in a chunk without a `finish_reason`.
    Why it matters: Mistral's API has no `stream_options` to request usage, and no chunk without choices. Clients read
    usage from the finishing chunk only; without it they do not know what a call cost.
    Good: `{"choices":[{"finish_reason":"stop",…}],"usage":{"prompt_tokens":9,…}}`, then `[DONE]`.
    Bad: `{"choices":[{"finish_reason":"stop",…}]}`, then `[DONE]`.
    """
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable("the stream did not complete, and usage comes last")
    counted = [message for message in all_chunks(stream) if has_usage(message)]
    if not counted:
        if not is_legible(stream):
            raise Inconclusive("an event is not JSON and may contain the usage: see JSON001")
        yield Finding("no-usage", "the stream has no usage", expected="usage in the chunk with the finish_reason")
        return
    for message in counted:
        if not any(finish_of(choice) for _, choice in choices(message)):
            yield Finding(
                "usage-without-finish",
                "usage is in a chunk without a finish_reason",
                message.event.span,
                "usage in the chunk with the finish_reason",
            )
            return
    if len(counted) > 1:
        yield Finding(
            "repeated-usage",
            f"usage is in {len(counted)} chunks",
            counted[0].event.span,
            "only in the chunk with the last finish_reason",
        )
