"""A chat app with events of its own: `{"token": …}` for each token, `event: error` for a failure, `[DONE]` at the end.

pip install fastapi uvicorn openai
OPENAI_BASE_URL=http://127.0.0.1:9000/v1 OPENAI_API_KEY=any uvicorn chat_app:app --port 3000
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI, OpenAIError
from pydantic import BaseModel

app = FastAPI()
client = AsyncOpenAI(max_retries=0)
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class Question(BaseModel):
    """What the user asks."""

    message: str


def event(data: dict[str, Any], name: str | None = None) -> str:
    """One event. JSON keeps line breaks and leading spaces of a token."""
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"


async def answer(question: Question) -> AsyncIterator[str]:
    """The events of one answer. Whoever reads them sees how it ended: by `[DONE]`, by an error, or not at all."""
    messages = [{"role": "user", "content": question.message}]
    try:
        async with await client.chat.completions.create(model="mock", messages=messages, stream=True) as stream:
            async for chunk in stream:
                if chunk.choices and (text := chunk.choices[0].delta.content):
                    yield event({"token": text})
    except OpenAIError:
        yield event({"message": "The model failed. Try again.", "code": "model_failed"}, "error")
        return
    yield "data: [DONE]\n\n"


@app.post("/chat")
async def chat(question: Question) -> StreamingResponse:
    """Streams the answer."""
    return StreamingResponse(answer(question), media_type="text/event-stream", headers=HEADERS)
