"""Family OAI: OpenAI Chat Completions and Completions, and compatible servers.

JSON002 judges missing fields, TRM001 a missing terminator. What vLLM, llama.cpp, Ollama, OpenRouter, LiteLLM, Azure,
Groq, DeepSeek and TGI are known to send is not an error, unless clients break on it.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sseprobe.dialects.base import CONTENT_KINDS, DeltaKind, as_dict
from sseprobe.dialects.openai_chat_additions import FINISHES, OWN_FINISHES, REASONING_FIELDS
from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.openai_chunks import (
    all_choices,
    all_chunks,
    asked,
    choices,
    excerpt,
    finish_of,
    has_usage,
    is_legible,
    legible_choices,
)
from sseprobe.rules.support.order import ended_by
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript

_CHUNK: Final = "https://platform.openai.com/docs/api-reference/chat-streaming/streaming"
_REQUEST: Final = "https://platform.openai.com/docs/api-reference/chat/create"
_COMPLETIONS: Final = "https://platform.openai.com/docs/api-reference/completions/object"
_NODE: Final = "https://github.com/openai/openai-node/blob/master/src/lib/ChatCompletionStream.ts"

_MIRRORED: Final = "https://github.com/MoonshotAI/kimi-code/issues/3928"
_FAILED: Final = "https://github.com/pydantic/pydantic-ai/issues/7685"

_CHAT: Final = Scope((Wire.OPENAI_CHUNKS,))
_COMPLETION: Final = Scope((Wire.OPENAI_COMPLETIONS,))
_WIRES: Final = (Wire.OPENAI_CHUNKS, Wire.OPENAI_COMPLETIONS)
_CHUNKED: Final = Scope(_WIRES)
_COUNTED: Final = Scope(_WIRES, lacking=(Trait.USAGE_WITH_FINISH,))  # MIS001
_FAILURE_NOT_FINISH: Final = Scope(_WIRES, lacking=(Trait.FAILURE_AS_FINISH,))  # see also ERR004
_STAMPED: Final = Scope(_WIRES, lacking=(Trait.TIMES_MAY_CHANGE,))


class _Finish(NamedTuple):
    reason: str
    counted: bool


@rule("OAI001", Severity.ERROR, Kind.CONFORMANCE, _CHUNK, dialects=_CHAT)
def has_one_identity(stream: Transcript) -> Iterator[Finding]:
    """Each chunk is a `chat.completion.chunk` with the same id.

    What it does: Checks the value of `object`, and compares `id` with the first chunk's. Empty values are skipped:
    Azure and TGI send them. "Each chunk has the same ID."
    Why it matters: Clients that merge chunks by id (goose, the C# and Go SDKs) make a separate message of each chunk.
    Good: `"id": "chatcmpl-1"` in all chunks.
    Bad: A new id in each chunk.
    """
    yield from _identity(stream, "chat.completion.chunk")


def _identity(stream: Transcript, expected: str) -> Iterator[Finding]:
    first = ""
    everything = all_chunks(stream)
    if not everything:
        raise NotApplicable("the stream has no chunks")
    for message in everything:
        identity, kind = message.fields.get("id"), message.fields.get("object")
        if isinstance(kind, str) and kind not in ("", expected):
            yield Finding(
                "wrong-object", f"a chunk's object is {excerpt(kind)}", message.event.span, expected, excerpt(kind)
            )
        if isinstance(identity, str) and identity:
            first = first or identity
            if identity != first:
                yield Finding(
                    "changed-id",
                    "the id differs from the first chunk's",
                    message.event.span,
                    excerpt(first),
                    excerpt(identity),
                )


@rule("OAI002", Severity.WARNING, Kind.COMPATIBILITY, _NODE, dialects=_CHAT)
def begins_with_a_role(stream: Transcript) -> Iterator[Finding]:
    """The first delta of each choice has a role.

    What it does: Checks for `role` in the first delta of each choice.
    Why it matters: openai-node's `stream()` throws "missing role for choice 0"; LangChain makes a message without a
    kind.
    Good: `"delta":{"role":"assistant","content":""}` first.
    Bad: `"delta":{"content":"Hello"}` first.
    """
    begun = set()
    for message, index, choice in legible_choices(stream):
        delta = choice.get("delta")
        if index in begun or not isinstance(delta, dict):
            continue
        begun.add(index)
        role = delta.get("role")
        if not isinstance(role, str) or not role:
            problem = f"choice {excerpt(index)} starts without a role"
            yield Finding(
                "missing-role",
                problem,
                message.event.span,
                '"role":"assistant"',
                None if role is None else excerpt(role),
            )
    if not begun:
        raise NotApplicable("the stream has no delta")


@rule("OAI003", Severity.ERROR, Kind.CONFORMANCE, _CHUNK, dialects=_CHUNKED)
def finishes_once(stream: Transcript) -> Iterator[Finding]:
    """Each choice finishes once, with a known reason, and sends nothing afterwards.

    What it does: Reports a second `finish_reason`, an unknown reason, and text, reasoning, a refusal or a tool call
    after the finish. OpenRouter repeats the same reason once with the missing usage; this is allowed.
    Why it matters: Clients end the message at the first `finish_reason` and lose what follows. LangChain joins two
    reasons into "stopstop". SDKs with closed types (async-openai) reject unknown reasons.
    Good: `"finish_reason":null` in each chunk but the choice's last.
    Bad: `"finish_reason":"stop"` in every chunk; `"finish_reason":"STOP"`.
    """
    finished: dict[int, _Finish] = {}
    for message, index, choice in all_choices(stream):
        reason, before = finish_of(choice), finished.get(index)
        if before is not None:
            yield from _after_the_finish(message, index, before, reason)
        elif reason:
            finished[index] = _Finish(reason, has_usage(message))
            if reason not in FINISHES:
                problem = f"choice {excerpt(index)} has an unknown finish reason: {excerpt(reason)}"
                yield Finding(
                    "unknown-finish-reason",
                    problem,
                    message.event.span,
                    ", ".join(sorted(OWN_FINISHES)),
                    excerpt(reason),
                )
    if not finished:
        raise NotApplicable("no choice has a finish reason")


def _after_the_finish(message: Message, index: int, before: _Finish, reason: str) -> Iterator[Finding]:
    continuing = [
        delta.choice for delta in message.deltas if delta.kind in CONTENT_KINDS and (delta.text or delta.name)
    ]
    with_late_usage = reason == before.reason and has_usage(message) and not before.counted
    if index in continuing:
        problem = f"choice {excerpt(index)} sends more after its finish ({excerpt(before.reason)})"
        yield Finding("content-after-finish", problem, message.event.span, "nothing more from this choice")
    elif reason and not with_late_usage:
        problem = f"choice {excerpt(index)} finishes a second time: {excerpt(before.reason)}, then {excerpt(reason)}"
        yield Finding("second-finish", problem, message.event.span, "one finish_reason", excerpt(reason))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


@rule("OAI006", Severity.WARNING, Kind.CONFORMANCE, _REQUEST, dialects=_COUNTED)
def counts_last(stream: Transcript) -> Iterator[Finding]:
    """Requested usage comes once, in the last chunk, without choices.

    What it does: If the request has `stream_options.include_usage` (OpenRouter: `usage.include`), checks for `usage` in
    the last chunk before `[DONE]`. OpenRouter may send a choice in that chunk. vLLM may send usage in every chunk if
    `continuous_usage_stats` is set.
    Why it matters: Bills and limits are computed from usage. LangChain adds up repeated usage; clients that wait for
    the chunk without choices miss earlier usage.
    Good: `{…,"choices":[],"usage":{"prompt_tokens":9,…}}`, then `[DONE]`.
    Bad: No usage; or usage in every chunk.
    """
    if stream.request is None:
        raise Inconclusive(
            "the request is not recorded, so it is unknown whether it asked for usage: check a URL or a cassette"
        )
    request = asked(stream)
    options = as_dict(request.get("stream_options"))
    if True not in (options.get("include_usage"), as_dict(request.get("usage")).get("include")):
        raise NotApplicable("the request did not ask for usage")
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable("the stream did not complete, and usage comes last")
    everything = all_chunks(stream)
    counted = [message for message in everything if has_usage(message)]
    if not counted:
        if not is_legible(stream):
            raise Inconclusive("an event is not JSON and may contain the usage: see JSON001")
        yield Finding(
            "no-usage",
            "the request asked for usage, but the stream has none",
            expected='{"choices":[],"usage":{…}} before [DONE]',
        )
        return
    # What has neither choices nor usage may follow, such as a report of moderation.
    last = [message for message in everything if message.fields.get("choices") or has_usage(message)][-1]
    if counted[-1] is not last:
        yield Finding(
            "usage-before-last", "usage is not in the last chunk", counted[-1].event.span, "in the last chunk"
        )
    elif last.fields.get("choices") and not stream.dialect.has(Trait.USAGE_WITH_CHOICES):
        yield Finding("usage-with-choices", "the chunk with usage has choices", last.event.span, '"choices":[]')
    if len(counted) > 1 and options.get("continuous_usage_stats") is not True:
        yield Finding(
            "repeated-usage", f"usage is in {len(counted)} chunks", counted[0].event.span, "only in the last chunk"
        )


@rule("OAI007", Severity.ERROR, Kind.CONFORMANCE, _CHUNK, dialects=_CHUNKED)
def finishes_before_done(stream: Transcript) -> Iterator[Finding]:
    """Every choice finishes before `[DONE]`.

    What it does: Reports `[DONE]` if a choice has no `finish_reason`, or if no choice came. A stream with an error
    event is exempt.
    Why it matters: A truncated generation looks complete. Proxies that lose their upstream, and servers that send
    `[DONE]` in `finally`, hide truncation this way. openai-node throws "missing finish_reason for choice 0".
    Good: `"finish_reason":"stop"`, then `[DONE]`.
    Bad: `"delta":{"content":"Once upon"}`, then `[DONE]`.
    """
    if stream.deltas_by_kind[DeltaKind.ERROR]:
        raise NotApplicable("the stream reports an error")
    done = ended_by(stream)
    if done is None:
        raise NotApplicable("the stream has no [DONE]")
    begun, finished = set(), set()
    for _, index, choice in all_choices(stream):
        begun.add(index)
        if choice.get("finish_reason") not in (None, ""):
            finished.add(index)
    for message in stream.messages[done.index :]:  # TRM002 reports a finish after [DONE]
        finished |= {index for index, choice in choices(message) if choice.get("finish_reason")}
    unfinished = sorted(begun - finished)
    if begun and not unfinished:
        return
    if not is_legible(stream):
        raise Inconclusive("an event is not JSON and may contain what is missing: see JSON001")
    which = f"choice {', '.join(excerpt(index) for index in unfinished[:10])}" if begun else ""
    problem = f"{which} has no finish_reason" if begun else "no choice came before it"
    key = "choice-not-finished" if begun else "no-choice"
    yield Finding(key, f"[DONE] came, but {problem}", done.event.span, "a finish_reason for each choice, or an error")


@rule("OAI008", Severity.ERROR, Kind.CONFORMANCE, _COMPLETIONS, dialects=_COMPLETION)
def is_a_text_completion(stream: Transcript) -> Iterator[Finding]:
    """Each chunk of legacy Completions is a `text_completion` with the same id.

    What it does: Checks the value of `object`, and compares `id` with the first chunk's. Empty values are skipped.
    Why it matters: Chat chunks at `/v1/completions` have no `text`, which is the field that clients read there.
    Good: `{"object": "text_completion", "choices": [{"text": "Hello", …}]}`.
    Bad: `{"object": "chat.completion.chunk", …}` from `/v1/completions`.
    """
    yield from _identity(stream, "text_completion")


@rule("OAI009", Severity.WARNING, Kind.CONFORMANCE, _CHUNK, dialects=_STAMPED)
def has_one_time_and_model(stream: Transcript) -> Iterator[Finding]:
    """`created` and `model` are the same in all chunks.

    What it does: Compares both with their first values. 0 and the empty string are skipped. "Each chunk has the same
    timestamp."
    Why it matters: Logs and bills are sorted by these fields. llama.cpp and TGI set a new timestamp in each chunk; no
    client is known to break.
    Good: `"created":1694268190,"model":"gpt-4o-mini"` in all chunks.
    Bad: `"created":1694268190`, later `"created":1694268191`.
    """
    first: dict[str, Any] = {}
    everything = all_chunks(stream)
    if not everything:
        raise NotApplicable("the stream has no chunks")
    for message in everything:
        for name in ("created", "model"):
            value = message.fields.get(name)
            if not isinstance(value, str | int) or not value:
                continue
            if value != first.setdefault(name, value):
                first[name] = value  # reported once a change
                yield Finding(
                    f"changed-{name}", f"{name} changes mid-stream", message.event.span, actual=excerpt(value)
                )


@rule("OAI012", Severity.INFO, Kind.COMPATIBILITY, _MIRRORED, dialects=_CHAT)
def sends_reasoning_once(stream: Transcript) -> Iterator[Finding]:
    """Reasoning is sent in one field of the delta.

    What it does: Reports deltas with the same text in `reasoning_content` and `reasoning`.
    Why it matters: Servers mirror the text because some clients know only one name. Clients that know both and join
    them show every word twice.
    Good: `"delta":{"reasoning_content":"Two "}`.
    Bad: `"delta":{"reasoning_content":"Two ","reasoning":"Two "}`.
    """
    seen, mirrored = False, None
    for message, _, choice in all_choices(stream):
        texts = [text for name in REASONING_FIELDS if (text := _text(as_dict(choice.get("delta")).get(name)))]
        seen = seen or bool(texts)
        if mirrored is None and len(texts) > len(set(texts)):
            mirrored = message
    if not seen:
        raise NotApplicable("the stream has no reasoning")
    if mirrored is not None:
        problem = "reasoning is sent twice, in reasoning_content and in reasoning"
        yield Finding("repeated-reasoning", problem, mirrored.event.span, "one of them", "both")


@rule("OAI013", Severity.ERROR, Kind.COMPATIBILITY, _FAILED, dialects=_FAILURE_NOT_FINISH)
def reports_failures_as_errors(stream: Transcript) -> Iterator[Finding]:
    """A failed generation is reported as an error, not only by its finish reason.

    What it does: Reports a finish reason that means failure (`network_error`, `insufficient_system_resource`, `error`,
    or OpenRouter's `native_finish_reason`) without an `error` object.
    Why it matters: Clients look for `error`. They treat a choice with any finish reason as done, and the partial text
    as the answer.
    Good: `{"error":{"message":"upstream closed"},"choices":[{"finish_reason":"error",…}]}`.
    Bad: `{"choices":[{"finish_reason":"network_error",…}]}`.
    """
    errors = stream.deltas_by_kind[DeltaKind.ERROR]
    if not errors and not stream.deltas_by_kind[DeltaKind.FINISH]:
        raise NotApplicable("no choice has a finish reason")
    for message, error in errors:
        reported = message.fields.get("error") or any(choice.get("error") for _, choice in choices(message))
        if not reported and error.type in FINISHES:
            yield Finding(
                "failure-as-finish-reason",
                error.text,
                message.event.span,
                "an error object",
                f"finish reason {excerpt(error.type)}",
            )
