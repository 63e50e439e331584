"""The same app after a published recipe: a sync client in an async generator, `is_disconnected()`, `stream.close()`.

It stops on a bare server. Behind any BaseHTTPMiddleware it does not: see docs/disconnect.md.

OPENAI_BASE_URL=http://127.0.0.1:9000/v1 OPENAI_API_KEY=any uvicorn relay_recipe:app --port 3000
"""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from openai import OpenAI
from pydantic import BaseModel

app = FastAPI()
client = OpenAI(max_retries=0)


class Question(BaseModel):
    """What the user asks."""

    prompt: str = "Tell me a story"


async def _tokens(request: Request, prompt: str) -> AsyncIterator[str]:
    messages = [{"role": "user", "content": prompt}]
    stream = client.chat.completions.create(model="mock", messages=messages, stream=True)
    for chunk in stream:
        if await request.is_disconnected():
            stream.close()
            break
        if chunk.choices and (text := chunk.choices[0].delta.content):
            yield f"data: {json.dumps(text)}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/chat")
async def chat(request: Request, question: Question) -> StreamingResponse:
    """Streams the answer."""
    return StreamingResponse(_tokens(request, question.prompt), media_type="text/event-stream")


if os.environ.get("WITH_MIDDLEWARE"):

    @app.middleware("http")
    async def timing(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Any will do: this one only passes on."""
        return await call_next(request)
