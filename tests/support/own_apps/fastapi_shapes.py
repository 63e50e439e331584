"""A chat whose payloads have one of many shapes; what else apps send at the end; and mistakes that tutorials make."""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from tests.support.own_apps.fake_llm import ERROR, llm, said, turn
from tests.support.own_apps.streaming import events, quietly, sse

router = APIRouter()

Shape = tuple[Callable[[str], Any], str]

SHAPES: Final[dict[str, Shape]] = {
    "msg": (lambda token: {"msg": token}, "/msg"),
    "message": (lambda token: {"message": token}, "/message"),
    "value": (lambda token: {"value": token}, "/value"),
    "is-end": (lambda token: {"result": token, "is_end": False, "error_code": 0, "error_msg": ""}, "/result"),
    "output-text": (lambda token: {"output": {"text": token, "finish_reason": "null"}}, "/output/text"),
    "data-content": (lambda token: {"code": 200, "data": {"content": token}}, "/data/content"),
    "code-data": (lambda token: {"code": 0, "message": "success", "data": token}, "/data"),
    "event-data": (lambda token: {"event": "delta", "data": {"delta": token}}, "/data/delta"),
    "outputs": (lambda token: {"outputs": [{"text": token}]}, "/outputs/0/text"),
    "patch": (lambda token: {"o": "append", "p": "/message/content/parts/0", "v": token}, "/v"),
    "run-log": (lambda token: {"op": "add", "path": "/streamed_output/-", "value": token}, "/value"),
    "body": (lambda token: {"kind": "chunk", "body": token}, "/body"),
    "letter": (lambda token: {"t": token}, "/t"),
    "parts": (lambda token: {"role": "assistant", "parts": [{"text": token}]}, "/parts/0/text"),
    "message-chunk": (
        lambda token: {"type": "AIMessageChunk", "content": token, "id": "run-1", "response_metadata": {}},
        "/content",
    ),
    "blocks": (lambda token: {"content": [{"type": "text", "text": token}]}, "/content/0/text"),
    "pair": (lambda token: ["token", token], "/1"),
    "list": (lambda token: [{"token": token}], "/0/token"),
    "status": (lambda token: {"status": "streaming", "content": token, "session": "3f2a"}, "/content"),
    "success": (lambda token: {"success": True, "error": False, "text": token}, "/text"),
    "choices-text": (lambda token: {"choices": [{"index": 0, "text": token}]}, "/choices/0/text"),
    "capital": (lambda token: {"Token": token}, "/Token"),
    "speaker": (lambda token: {"assistant": token}, "/assistant"),
    "answer-chunk": (lambda token: {"answer_chunk": token}, "/answer_chunk"),
    "camel": (lambda token: {"type": "text-delta", "textDelta": token}, "/textDelta"),
    "node": (lambda token: {"node": "agent", "content": token}, "/content"),
    "step": (lambda token: {"step": "generate", "token": token}, "/token"),
    "source": (lambda token: {"source": "model", "text": token}, "/text"),
    "user": (lambda token: {"user": "bot", "message": token}, "/message"),
    "name-data": (lambda token: {"name": "token", "data": token}, "/data"),
    "progress": (lambda token: {"progress": 0.5, "token": token}, "/token"),
    "html": (lambda token: {"html": token}, "/html"),
    "so-far-too": (lambda token: {"delta": token, "text": f"so far {len(token)}"}, "/delta"),
}


@router.get("/shapes/{shape}")
async def shaped(shape: str, do: str = "whole") -> StreamingResponse:
    """The token in this shape, then `[DONE]`."""
    make = SHAPES[shape][0]

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse(make(token))
        yield "data: [DONE]\n\n"

    return events(generate())


@router.get("/tails/{tail}")
async def tailed(tail: str, do: str = "whole", key: str = "") -> StreamingResponse:
    """`{"token"}`, and something that is no end mark, though it comes last; it is not the same each time."""
    other = turn(f"{tail} {key}") % 3 == 0
    tails = {
        "title": {"title": "A tale of streams" if other else "Streams in pieces"},
        "count": {"output_tokens": 41 if other else 42},
        "sources": {"sources": [{"title": "A page"}] if other else []},
        "rating": {"confidence": "low" if other else "high"},
        "varying": {"summary_id": str(uuid.uuid4()), "elapsed": 0.2},
    }

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"token": token})
        yield sse(tails[tail])

    return events(generate())


@router.get("/search-first")
async def search_first(do: str = "whole") -> StreamingResponse:
    """A search is completed, and told by a status of its own, before the answer begins."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"type": "status", "status": "started", "message": "Searching"})
        yield sse({"type": "status", "status": "completed", "message": "Search finished"})
        async for token in llm(do):
            yield sse({"type": "answer", "content": token})
        yield sse({"type": "status", "status": "completed", "message": "Answer finished"})

    return events(generate())


@router.get("/tool-fails")
async def tool_fails(do: str = "whole") -> StreamingResponse:
    """A tool fails, and the model answers all the same."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"type": "tool_start", "tool": "search"})
        yield sse({"type": "tool_error", "tool": "search", "error": "search timed out"})
        async for token in llm(do):
            yield sse({"type": "token", "token": token})
        yield sse({"type": "done"})

    return events(generate())


@router.get("/sentences")
async def sentences() -> StreamingResponse:
    """Sentence by sentence; the last one speaks of errors, as the ones before it."""

    async def generate() -> AsyncIterator[str]:
        for sentence in (
            "Loggers write what happens, line by line.",
            " [INFO] is how they mark a line that is of no concern.",
            " [WARNING] is for what might be one.",
            " [ERROR] is how they mark what went wrong.",
        ):
            async for _ in said("a pause of some length, so that it does not come at once"):
                pass
            yield sse({"token": sentence})
        yield "data: [DONE]\n\n"

    return events(generate())


@router.get("/pinging")
async def pinging() -> StreamingResponse:
    """Bare words about ping: they are no heartbeats."""

    async def generate() -> AsyncIterator[str]:
        async for token in said("With ping you see whether a host is there; it answers with a pong. Try ping ."):
            yield f"data: {token}\n\n"
        yield "data: [DONE]\n\n"

    return events(generate())


@router.get("/json-words")
async def json_words() -> StreamingResponse:
    """Bare words of an answer that is JSON: numbers, quotes and brackets are words too."""

    async def generate() -> AsyncIterator[str]:
        for token in (
            "[",
            "1",
            ",",
            "2",
            ",",
            '"three"',
            ",",
            "null",
            ",",
            "{}",
            ",",
            "true",
            "]",
            " is",
            " a",
            " list",
        ):
            async for _ in said("x"):
                pass
            yield f"data: {token}\n\n"
        yield "data: [DONE]\n\n"

    return events(generate())


@router.get("/text-about/{word}")
async def text_about(word: str) -> StreamingResponse:
    """Plain text that begins with a word that an event stream may begin with too."""

    async def generate() -> AsyncIterator[str]:
        yield word
        async for token in said(" is a word like any other."):
            yield token

    return StreamingResponse(generate(), media_type="text/plain")


@router.get("/typed-lines/{kind}/{subtype}")
async def typed_lines(kind: str, subtype: str) -> StreamingResponse:
    """Lines of JSON under one of the many names they have."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm():
            yield json.dumps({"token": token}) + "\n"
        yield json.dumps({"done": True}) + "\n"

    return StreamingResponse(generate(), media_type=f"{kind}/{subtype}")


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1764000000, "model": "small-model"}
    return sse({**head, "choices": [choice]})


@router.get("/passed-on")
async def passed_on(do: str = "whole") -> StreamingResponse:
    """Chunks as the provider's SDK gives them (`chunk.model_dump_json()`): `[DONE]` is lost on the way."""

    async def generate() -> AsyncIterator[str]:
        yield _chunk({"role": "assistant", "content": ""})
        async for token in llm(do):
            yield _chunk({"content": token})
        yield _chunk({}, "stop")

    return events(generate())


@router.get("/mistakes/{mistake}")
async def mistaken(mistake: str, do: str = "whole") -> StreamingResponse:
    """Called an event stream, and written as if it were something else."""
    write: dict[str, Callable[[str], str]] = {
        "bare-events": lambda token: token,
        "one-newline": lambda token: f"data: {json.dumps({'token': token})}\n",
        "repr": lambda token: f"data: { {'token': token} }\n\n",
        "end-without-data": lambda token: sse({"token": token}),
        "lines-as-events": lambda token: json.dumps({"token": token}) + "\n",
        "no-last-blank": lambda token: sse({"token": token}),
    }
    last = {"end-without-data": "event: end\n\n", "no-last-blank": "data: [DONE]"}

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield write[mistake](token)
        yield last.get(mistake, "")

    return events(generate())


FAILURES: Final[dict[str, str]] = {
    "sdk": "Error code: 429 - {'error': {'message': 'overloaded', 'type': 'server_error'}}",
    "generating": f"Error generating response: {ERROR}",
    "calling": f"Error calling the API: {ERROR}",
    "occurred": f"An error occurred: {ERROR}",
    "wrong": f"Sorry, something went wrong: {ERROR}",
    "failed": f"Failed to generate a response: {ERROR}",
    "in-brackets": f"[Error: {ERROR}]",
    "bold": f"**Error:** {ERROR}",
    "sign": f"❌ Error: {ERROR}",
    "capitals": f"ERROR: {ERROR}",
    "class": f"RateLimitError: {ERROR}",
    "exception": f"openai.APIConnectionError: {ERROR}",
    "http": "500 Internal Server Error: the model is overloaded",
    "trace": f'Traceback (most recent call last):\n  File "app.py", line 7, in chat\nProviderError: {ERROR}',
}

FAILURE_EVENTS: Final[dict[str, str]] = {
    "llm-error": sse({"message": ERROR}, event="llm_error"),
    "generation-error": sse({"type": "generation_error", "message": ERROR}),
    "error-message": sse({"error_message": ERROR}),
    "err": sse({"err": ERROR}),
    "exception": sse({"exception": ERROR}),
    "exception-name": sse({"message": ERROR}, event="exception"),
    "code-data": sse({"code": 500, "msg": ERROR, "data": None}),
    "kind": sse({"kind": "error", "text": ERROR}),
    "data-error": sse({"data": {"error": ERROR}}),
    "event-data": sse({"event": "error", "data": {"message": ERROR, "code": "overloaded"}}),
    "detail": sse({"detail": ERROR}),
    "success-false": sse({"success": False, "message": ERROR}),
    "list": sse({"errors": [{"message": ERROR}]}),
    "capital": sse({"Error": ERROR}),
    "finish-reason": sse({"token": "", "finish_reason": "error", "message": ERROR}),
    "failed": sse({"type": "failed", "reason": ERROR}),
    "response-failed": sse({"type": "response.failed", "response": {"error": {"message": ERROR}}}),
    "status-failed": sse({"status": "failed", "message": ERROR}),
}


@router.get("/says/{failure}")
async def says_a_failure(failure: str, form: str = "token") -> StreamingResponse:
    """A failure in these words, as a token, as bare words, or as plain text."""
    told = FAILURES[failure]

    async def generate() -> AsyncIterator[str]:
        async for token in quietly(llm("cut")):
            yield _written(token, form)
        yield _written(told, form)

    return StreamingResponse(generate(), media_type="text/plain" if form == "text" else "text/event-stream")


def _written(text: str, form: str) -> str:
    if form == "token":
        return sse({"token": text})
    return text if form == "text" else "".join(f"data: {line}\n" for line in text.split("\n")) + "\n"


ENDS_ABOUT_ERRORS: Final = "Python says at the end what is wrong:\n\nError: division by zero\n\n[ERROR] is for loggers."


@router.get("/ends-about-errors")
async def ends_about_errors(form: str = "token") -> StreamingResponse:
    """An answer whose last lines look like failures; they are made of tokens as all the rest."""

    async def generate() -> AsyncIterator[str]:
        async for token in said(ENDS_ABOUT_ERRORS):
            yield _written(token, form)

    return StreamingResponse(generate(), media_type="text/plain" if form == "text" else "text/event-stream")


@router.get("/failure-events/{failure}")
async def tells_a_failure(failure: str) -> StreamingResponse:
    """A failure told by an event of this form."""

    async def generate() -> AsyncIterator[str]:
        async for token in quietly(llm("cut")):
            yield sse({"token": token})
        yield FAILURE_EVENTS[failure]

    return events(generate())


@router.get("/one-write/{form}")
async def failure_in_one_write(form: str) -> StreamingResponse:
    """The failure comes in one write with the last token."""

    async def generate() -> AsyncIterator[str]:
        waiting = ""
        async for token in quietly(llm("cut")):
            if waiting:
                yield _written(waiting, form)
            waiting = token
        yield _written(waiting, form) + _written(f"\n\n[ERROR] {ERROR}", form)

    return StreamingResponse(generate(), media_type="text/plain" if form == "text" else "text/event-stream")
