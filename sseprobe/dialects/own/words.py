"""The names that apps give to fields and events. Collected from frameworks' guides and from apps' sources."""

import re
from functools import lru_cache
from typing import Any, Final

from sseprobe.sse import Event

TEXT_FIELDS: Final = (
    "token", "delta", "content", "text", "chunk", "answer", "response", "completion", "reply", "output_text",
    "generated_text", "output",
)  # fmt: skip
"""Fields that hold a piece of the answer. The first that is there is meant."""

MAYBE_TEXT_FIELDS: Final = frozenset({"message", "msg", "data", "value", "part", "piece", "word", "result", "body"})
"""Fields that hold text in some apps and something else in others: their values decide."""

REASONING_FIELDS: Final = frozenset(
    {"reasoning", "reasoning_content", "reasoning_text", "thinking", "thought", "thoughts"}
)

KIND_FIELDS: Final = ("type", "event", "kind", "event_type", "eventtype")
"""Fields that say what an event is."""

_KIND_FIELDS_SPELLED: Final = ("type", "event", "kind", "event_type", "eventType", "Type", "Event")

_KINDS_BESIDE: Final = (("method", "jsonrpc"), ("msg", "event_id"))
"""Fields that say what an event is where another one is beside them: notifications of JSON-RPC, Gradio's queue."""

_USERS: Final = frozenset({"user", "human"})

_NO_TEXT_FIELDS: Final = frozenset({
    *KIND_FIELDS, "id", "role", "object", "model", "name", "status", "state", "finish_reason", "stop_reason",
    "finishreason", "stopreason", "done_reason", "timestamp", "time", "date", "created", "uuid", "user", "username",
    "lang", "language", "locale", "url", "uri", "link", "href", "title", "source", "code", "version", "author",
    "avatar",
    "provider", "agent", "sender", "system_fingerprint", "fingerprint", "session", "conversation", "thread", "node",
    "step", "stage", "error", "mime", "mimetype", "encoding", "format", "currency", "symbol", "service_tier", "sig",
    "signature", "key", "ts", "trace", "hash", "checksum", "etag", "nonce", "cursor", "offset", "ip", "host", "path",
    "namespace", "level", "logger", "event_kind", "op",
})  # fmt: skip

_NO_TEXT_PARENTS: Final = frozenset({
    "usage", "metadata", "meta", "sources", "source", "citations", "documents", "references", "context", "error",
    "history", "input",
    "debug", "tool_calls", "tool_call", "tools", "tool", "logprobs", "details", "annotations", "user", "session",
})  # fmt: skip

_NO_TEXT_KINDS: Final = frozenset({
    "start", "started", "begin", "open", "opened", "connect", "connected", "init", "ready", "status", "progress",
    "state",
    "info", "notice", "meta", "metadata", "debug", "log", "trace", "source", "sources", "citation", "citations",
    "context", "document", "documents", "reference", "references", "retrieval", "search", "tool", "tools", "function",
    "usage", "stats", "title", "session", "ping", "pong", "heartbeat", "keepalive", "step", "suggestion", "suggestions",
    "followup", "error", "notification", "notifications",
})  # fmt: skip

REASONING_KINDS: Final = frozenset({"reasoning", "thinking", "thought", "thoughts"})

_PART_KINDS: Final = frozenset({
    "tool", "tools", "step", "node", "task", "retrieval", "search", "function", "agent", "block", "item", "part",
    "section", "thinking", "reasoning", "thought", "file", "image", "source", "sources", "citation", "document",
})  # fmt: skip
"""Words of events about a part of the work, whose end or failure is not the stream's."""

END_WORDS: Final = frozenset({
    "done", "end", "ended", "stop", "stopped", "complete", "completed", "finish", "finished", "close", "closed", "eos",
    "eof", "final", "finalized",
})  # fmt: skip

_ENDED_THINGS: Final = frozenset({
    "message", "messages", "stream", "streaming", "response", "chat", "completion", "conversation", "generation",
    "answer",
    "run", "workflow", "session", "text", "output", "assistant", "turn", "reply", "request", "job", "llm", "data", "on",
    "is", "all", "content", "event", "of", "sse", "token", "tokens",
})  # fmt: skip

END_FLAGS: Final = frozenset({
    "done", "finished", "is_finished", "isfinished", "final", "is_final", "isfinal", "end", "is_end", "isend", "ended",
    "complete", "completed", "is_complete", "iscomplete", "stop", "stopped", "is_done", "isdone", "eos", "eof", "last",
    "is_last", "islast", "finish", "stream_end", "end_of_stream", "close",
})  # fmt: skip
"""Fields that are true in the last event."""

FINISH_FIELDS: Final = frozenset({
    "finish_reason", "finishreason", "stop_reason", "stopreason", "done_reason", "finish",
})  # fmt: skip

_GOES_ON: Final = frozenset({
    "", "null", "none", "tool_calls", "tool_call", "tool_use", "tool-calls", "function_call", "pause_turn", "pause",
    "continue",
})  # fmt: skip
"""Finish reasons after which an app goes on, or that are none."""

STATUS_FIELDS: Final = ("status", "state")

ERROR_FIELDS: Final = ("error", "errors", "err", "error_message", "errorMessage", "exception", "Error")

_FAILURES: Final = frozenset({"error", "exception", "failure", "failed", "fatal"})
_OF_A_FAILURE: Final = frozenset({"message", "response", "event", "occurred", "run", "chunk", "data", "detail"})
_ABORTS: Final = frozenset({
    "abort", "aborted", "timeout", "timedout", "cancelled", "canceled", "interrupted", "crashed",
})  # fmt: skip
_BESIDE: Final = frozenset({
    "status", "progress", "state", "suggestion", "suggestions", "followup", "search", "retrieval", "title", "sources",
    "citation", "citations",
})  # fmt: skip
"""Words of events beside the answer, whose own state is not the stream's."""

HEARTBEATS: Final = frozenset({"ping", "pong", "heartbeat", "keepalive", "keep-alive", "keep_alive"})

_PART_FIELDS: Final = frozenset({"tool", "step", "node", "task", "function", "stage"})

MAX_NAME_CHARS: Final = 64
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@lru_cache(maxsize=1024)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, however they are joined: `message_end`, `messageEnd`, `message.end`."""
    return tuple(word.lower() for word in _WORDS.findall(name[:MAX_NAME_CHARS]))


def kinds_of(event: Event, value: Any) -> tuple[str, ...]:
    """What an event says that it is: its name, its payload's `type` or the like."""
    kinds: tuple[str, ...] = () if event.type == "message" else (event.type[:MAX_NAME_CHARS],)
    if type(value) is dict:
        for name in _KIND_FIELDS_SPELLED:
            if name in value and type(kind := value[name]) is str:
                kinds += (kind[:MAX_NAME_CHARS],)
        for name, beside in _KINDS_BESIDE:
            if beside in value and type(kind := value.get(name)) is str:
                kinds += (kind[:MAX_NAME_CHARS],)
    return kinds


def is_kind_field(name: str, value: Any) -> bool:
    """Whether a field says what the event is, since another one is beside it."""
    return any(name == each and beside in value for each, beside in _KINDS_BESIDE)


def is_the_users(fields: dict[str, Any]) -> bool:
    """Whether fields are a message of the user's, which some apps send back."""
    return any(type(who := fields.get(name)) is str and who in _USERS for name in ("role", "type", "sender"))


def names_any(kinds: tuple[str, ...], words: frozenset[str]) -> bool:
    """Whether one of these names holds one of the words."""
    return bool(kinds) and any(not words.isdisjoint(words_of(kind)) for kind in kinds)


def holds_no_text(kinds: tuple[str, ...]) -> bool:
    """Whether events of these kinds hold something else than the answer."""
    return names_any(kinds, _NO_TEXT_KINDS)


def is_about_a_part(kinds: tuple[str, ...], value: Any) -> bool:
    """Whether an event of these kinds is about a part of the work: a tool, a step."""
    return names_any(kinds, _PART_KINDS) or (type(value) is dict and not _PART_FIELDS.isdisjoint(value))


@lru_cache(maxsize=1024)
def ends_the_stream(kind: str) -> bool:
    """Whether a name says that all is over: `done`, `message_end`, `chat.completed`; not `tool_end`."""
    words = words_of(kind)
    return (
        len(kind) <= MAX_NAME_CHARS
        and bool(END_WORDS.intersection(words))
        and all(word in END_WORDS or word in _ENDED_THINGS for word in words)
    )


def state_of(state: str) -> str:
    """The state in a word: A2A's `TASK_STATE_COMPLETED` is `COMPLETED`."""
    return state.removeprefix("TASK_STATE_")


@lru_cache(maxsize=1024)
def is_failure(kind: str) -> bool:
    """Whether a name says that something failed: `error`, `llm_error`, `response.failed`, `timeout`."""
    words = words_of(kind)
    if len(kind) > MAX_NAME_CHARS or not words:
        return False
    if len(words) > 1 and words[0] in _FAILURES and words[1] in _OF_A_FAILURE:
        return True
    return words[-1] in _FAILURES or "".join(words) in _ABORTS or (len(words) > 1 and words[-1] in _ABORTS)


def is_final(reason: str) -> bool:
    """Whether a finish reason says that all is over: not `tool_calls`, after which an app goes on."""
    return reason.strip().lower() not in _GOES_ON


def is_beside_the_answer(kinds: tuple[str, ...]) -> bool:
    """Whether events of these kinds tell of something beside the answer: a status, suggestions."""
    return names_any(kinds, _BESIDE) and not any(map(ends_the_stream, kinds))


def is_text_field(name: str) -> bool:
    """Whether apps use this field's name for text, always or sometimes. `name`: in lower case."""
    return name in TEXT_FIELDS or name in MAYBE_TEXT_FIELDS


def may_hold_text(steps: tuple[str, ...]) -> bool:
    """Whether a field at this place may hold the answer, told by the names on the way."""
    if not steps:
        return True
    *parents, last = (step.lower() for step in steps)
    is_id = last.endswith(("_id", "-id", "_at", "_url")) or steps[-1].endswith(("Id", "ID", "At", "Url"))
    return not is_id and last not in _NO_TEXT_FIELDS and _NO_TEXT_PARENTS.isdisjoint(parents)
