"""A chat that fails in mid-stream, in each way that apps have of telling it; and answers that only talk of errors."""

import json
import traceback
from collections.abc import AsyncIterator, Callable
from typing import Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from tests.support.own_apps.fake_llm import ABOUT_ERRORS, ProviderError, llm, one_line, said
from tests.support.own_apps.streaming import events, quietly, sse

router = APIRouter()
DONE: Final = "data: [DONE]\n\n"

SHAPES: Final[dict[str, Callable[[str], str]]] = {
    "event-json": lambda message: sse({"error": message}, event="error"),
    "event-message": lambda message: sse({"message": message, "code": 503}, event="error"),
    "event-text": lambda message: f"event: error\ndata: {message}\n\n",
    "string": lambda message: sse({"error": message}),
    "object": lambda message: sse({"error": {"message": message, "type": "overloaded_error"}}),
    "true": lambda message: sse({"error": True, "message": message}),
    "beside": lambda message: sse({"token": "", "error": message}),
    "type": lambda message: sse({"type": "error", "message": message}),
    "type-content": lambda message: sse({"type": "error", "content": message}),
    "event-field": lambda message: sse({"event": "error", "message": message, "status": 500}),
    "status-field": lambda message: sse({"status": "error", "message": message}),
    "token": lambda message: sse({"token": f"Error: {message}"}),
    "token-marked": lambda message: sse({"token": f"\n\n[ERROR] {message}"}),
    "text": lambda message: f"data: Error: {message}\n\n",
    "bracket": lambda message: f"data: [ERROR] {message}\n\n",
    "done": lambda message: sse({"error": message}) + DONE,
    "event-done": lambda message: sse({"error": message}, event="error") + "event: done\ndata: {}\n\n",
    "token-done": lambda message: sse({"token": f"Error: {message}"}) + DONE,
    "content-after": lambda message: sse({"error": message}) + sse({"token": " Sorry."}) + sse({"token": " Bye."}),
    "trace": lambda _: sse({"error": traceback.format_exc()}),
}


@router.get("/errors/{shape}")
async def failing(shape: str, do: str = "error") -> StreamingResponse:
    """`{"token"}` and `[DONE]`; a failure in this shape."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield sse({"token": token})
        except ProviderError as error:
            yield SHAPES[shape](str(error))
            return
        yield DONE

    return events(generate())


@router.get("/plain-errors/{shape}")
async def failing_in_plain_text(shape: str, do: str = "error") -> StreamingResponse:
    """Bare words and `[DONE]`; a failure in this shape."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield f"data: {one_line(token)}\n\n"
        except ProviderError as error:
            yield SHAPES[shape](str(error))
            return
        yield DONE

    return events(generate())


@router.get("/about-errors")
async def about_errors() -> StreamingResponse:
    """The answer itself speaks of errors, and is fine."""

    async def generate() -> AsyncIterator[str]:
        async for token in said(ABOUT_ERRORS):
            yield sse({"token": token})
        yield DONE

    return events(generate())


@router.get("/about-errors-plain")
async def about_errors_plain() -> StreamingResponse:
    """The same as bare words, without an end mark."""

    async def generate() -> AsyncIterator[str]:
        async for token in said(ABOUT_ERRORS):
            yield f"data: {one_line(token)}\n\n"

    return events(generate())


@router.post("/about-errors-text")
async def about_errors_text() -> StreamingResponse:
    """The same as the body of plain text."""
    return StreamingResponse(said(ABOUT_ERRORS), media_type="text/plain")


@router.get("/no-error")
async def no_error(value: str = "null") -> StreamingResponse:
    """`error` is there in each event, and says that there is none."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm():
            yield sse({"token": token, "error": json.loads(value), "status": "ok"})
        yield sse({"token": "", "error": json.loads(value), "status": "finished"})

    return events(generate())


@router.get("/retried")
async def retried() -> StreamingResponse:
    """The provider failed, the app says so as a status, tries again, and tells the whole answer."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"type": "status", "message": "The model is busy, retrying"})
        async for token in llm():
            yield sse({"type": "token", "token": token})
        yield sse({"type": "done"})

    return events(generate())


@router.post("/cut-in-an-event")
async def cut_in_an_event() -> StreamingResponse:
    """It ends in the middle of an event."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm("short"):
            yield sse({"token": token})

    async def cut() -> AsyncIterator[str]:
        async for event in quietly(generate()):
            yield event
        yield 'data: {"token": "and th'

    return events(cut())
