"""Ends, errors, and payloads, in every dialect that has them."""

from typing import Any

from sseprobe import dialects
from sseprobe.dialects.base import EndRule
from sseprobe.http_exchange import BodyEnd
from sseprobe.sse.framing import Framing
from tests.rules.mutants import Mutant, mutant
from tests.support.takes import QUICK, Blocks, Take, append, changed, double, insert

SPOKEN = [name for name in dialects.NAMES if name != "plain"]
TERMINATED = [name for name in SPOKEN if dialects.by_name(name).end_rule is EndRule.TERMINATOR]
# Where a token is, in QUICK.
TOKEN = {
    "openai-completions": 1,
    "anthropic": 3,
    "openai-responses": 4,
    "vercel-ui": 3,
    "ag-ui": 2,
    "cohere": 2,
    "ollama": 1,
    "gemini": 1,
}
# With `[DONE]` behind the terminator, which may be there or not.
WITH_DONE = ("cohere",)
NAMES_EVENTS = ("anthropic", "openai-responses", "cohere")


def block(name: str, data: bytes, kind: bytes = b"") -> bytes:
    """One event, or one line."""
    if dialects.by_name(name).framing is Framing.LINES:
        return data + b"\n"
    end = b"\r\n" if name == "gemini" else b"\n"
    return (b"event: " + kind + end if kind else b"") + b"data: " + data + end + end


def ending(name: str) -> list[Mutant]:
    """What can be broken at the end."""
    at = TOKEN.get(name, 2)

    def again(blocks: Blocks) -> Blocks:
        """A token behind the end."""
        return [*blocks, blocks[at]]

    more = []
    if name in TERMINATED and name not in ("openai-responses",):
        more = [mutant(f"{name}: a token after the end", Take(name, edit=again), "TRM002")]
    return [
        mutant(f"{name}: truncated", Take(name, f"{QUICK},fault=truncate@2"), "TRM001"),
        mutant(f"{name}: cut", Take(name, f"{QUICK},fault=cut@2"), "TRM001", "HTTP008"),
        mutant(f"{name}: idle", Take(name, f"{QUICK},fault=truncate@2", end=BodyEnd.IDLE_TIMEOUT), "TRM001"),
        mutant(f"{name}: over the limit", Take(name, end=BodyEnd.LIMIT), "TRM001"),
        mutant(f"{name}: reset", Take(name, end=BodyEnd.RESET), "TRM001", "HTTP008"),
        *more,
    ]


def payload(name: str) -> list[Mutant]:
    """What can be broken in a payload."""
    at = TOKEN.get(name, 2)
    named = b"x" if name in NAMES_EVENTS else b""
    return [
        mutant(f"{name}: half a JSON document", Take(name, edit=insert(at, block(name, b'{"a":'))), "JSON001"),
        mutant(f"{name}: JSON and something", Take(name, edit=insert(at, block(name, b'{"a": 1} b'))), "JSON001"),
        mutant(
            f"{name}: an error in plain text",
            Take(name, edit=insert(at, block(name, b"Internal Server Error"))),
            "ERR001",
        ),
        mutant(
            f"{name}: a web page",
            Take(name, edit=insert(at, block(name, b"<html><h1>502</h1></html>", named))),
            "ERR001",
        ),
        mutant(
            f"{name}: a framework's error",
            Take(name, edit=insert(at, block(name, b'{"detail": "Not Found"}'))),
            "ERR001",
        ),
    ]


def failure(name: str) -> list[Mutant]:
    """What can be broken about an error."""
    at = TOKEN.get(name, 2)

    def goes_on(blocks: Blocks) -> Blocks:
        return [*blocks, blocks[at]]

    return [mutant(f"{name}: goes on after an error", Take(name, f"{QUICK},fault=error@2", edit=goes_on), "ERR002")]


def _lose(*path: str | int) -> Any:
    def edit(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return edit


REQUIRED: dict[str, tuple[tuple[str | int, ...], ...]] = {
    "openai-chat": (("id",), ("object",), ("created",), ("model",), ("choices", 0, "index"), ("choices", 0, "delta")),
    "openai-completions": (("id",), ("object",), ("choices", 0, "text"), ("choices", 0, "index")),
    "openai-responses": (("delta",), ("item_id",), ("output_index",), ("content_index",)),
    "anthropic": (("delta",), ("delta", "type"), ("index",)),
    "cohere": (("index",), ("delta", "message", "content")),
    "mistral": (("id",), ("model",), ("choices", 0, "delta")),
    "ollama": (("model",), ("done",), ("message",), ("message", "role")),
    "vercel-ui": (("id",), ("delta",)),
    "ag-ui": (("messageId",), ("delta",)),
}
MUTANTS = [
    *[each for name in SPOKEN for each in [*ending(name), *payload(name), *failure(name)]],
    *[
        mutant(
            f"{name}: without {'.'.join(map(str, path))}",
            Take(name, edit=changed(TOKEN.get(name, 2), _lose(*path))),
            "JSON002",
        )
        for name, paths in REQUIRED.items()
        for path in paths
    ],
    mutant("openai-chat: [DONE] twice", Take("openai-chat", edit=double(6)), "TRM002"),
    mutant("anthropic: [DONE]", Take("anthropic", edit=append(b"data: [DONE]\n\n")), "ANT013"),
    *[
        mutant(f"{name}: ended though unfinished", Take(name, f"{QUICK},fault=fake-complete@2"), *rules)
        for name, rules in {
            "openai-chat": ("OAI007",),
            "openai-completions": ("OAI007",),
            "mistral": ("OAI007",),
            "vllm": ("OAI007",),
            "llamacpp": ("OAI007",),
            "openrouter": ("OAI007",),
            "vercel-ui": ("TRM006",),
            "anthropic": ("ANT003",),
            "cohere": ("JSON002",),
            "ag-ui": ("AGU005",),
            "openai-responses": ("ORS005",),
        }.items()
    ],
]
