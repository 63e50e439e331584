"""A chat app that calls an LLM: an async client in an async generator. It leaves the LLM when its user leaves.

OPENAI_BASE_URL=http://127.0.0.1:9000/v1 OPENAI_API_KEY=any uvicorn relay_async:app --port 3000
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from pydantic import BaseModel

app = FastAPI()
client = AsyncOpenAI(max_retries=0)


class Question(BaseModel):
    """What the user asks."""

    prompt: str = "Tell me a story"


async def _tokens(prompt: str) -> AsyncIterator[str]:
    messages = [{"role": "user", "content": prompt}]
    async with await client.chat.completions.create(model="mock", messages=messages, stream=True) as stream:
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield f"data: {json.dumps(text)}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/chat")
async def chat(question: Question) -> StreamingResponse:
    """Streams the answer."""
    return StreamingResponse(_tokens(question.prompt), media_type="text/event-stream")
