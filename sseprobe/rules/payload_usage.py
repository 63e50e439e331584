"""Family JSON: whether usage adds up."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import DeltaKind, as_count, as_dict
from sseprobe.dialects.openai_chat_additions import usages
from sseprobe.dialects.traits import Wire
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript

_OPENAI: Final = "https://platform.openai.com/docs/api-reference/chat-streaming"
_PARTS_OF_TOTAL: Final = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))


@rule("JSON006", Severity.WARNING, Kind.CONFORMANCE, _OPENAI)
def counts_consistently(stream: Transcript) -> Iterator[Finding]:
    """Usage adds up and never falls.

    What it does: Compares a total with the sum of its parts (OpenAI's and Mistral's usage). If usage comes more than
    once, checks that output tokens do not fall. Gemini counts anew for each call of its own tools; Anthropic's counts
    are cumulative from `message_start`.
    Why it matters: Bills and limits are computed from usage.
    Good: `{"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}`.
    Bad: The same with a total of 11.
    """
    counted = [(message, delta.output_tokens) for message, delta in stream.deltas_by_kind[DeltaKind.USAGE]]
    if not counted:
        raise NotApplicable("the stream has no usage")
    most = _begun_with(stream)
    may_fall = any("toolUsePromptTokenCount" in as_dict(message.fields.get("usageMetadata")) for message, _ in counted)
    for message, tokens in counted:
        if tokens is not None and tokens < most and not may_fall:
            problem = f"the number of output tokens falls from {most} to {tokens}"
            yield Finding("output-tokens-fall", problem, message.event.span, f"at least {most}", str(tokens))
        most = max(most, tokens or 0)
        yield from _sum(message)


def _begun_with(stream: Transcript) -> int:
    """The output tokens in Anthropic's `message_start`, -1 if none: later counts are cumulative."""
    begun = as_dict(as_dict(stream.messages[0].fields.get("message")).get("usage")) if stream.messages else {}
    count = as_count(begun.get("output_tokens"))
    return -1 if count is None or stream.dialect.wire is not Wire.ANTHROPIC else count


def _sum(message: Message) -> Iterator[Finding]:
    counted = [*usages(message.fields), as_dict(as_dict(message.fields.get("response")).get("usage"))]
    for usage in counted:
        for names in _PARTS_OF_TOTAL:
            into, out = (as_count(usage.get(name)) for name in names)
            total = as_count(usage.get("total_tokens"))
            if into is not None and out is not None and total is not None and into + out != total:
                problem = f"total_tokens is {total}, but {into} + {out} is {into + out}"
                yield Finding("total-differs", problem, message.event.span, str(into + out), str(total))
