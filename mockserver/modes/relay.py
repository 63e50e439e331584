"""A relay: it calls an LLM for its client, forwards the stream, and closes it when its client disconnects. A good one.

The LLM is at OPENAI_BASE_URL, as for OpenAI's SDKs. What the relay's record calls generated is what came from there.
"""

import os
import re
from collections.abc import AsyncIterator
from typing import Final

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from mockserver.app import bare_app
from mockserver.mode_app import PATH, watch
from mockserver.scenario import Scenario
from mockserver.truth import Record, TruthStore

SUMMARY: Final = "forwards the stream of OPENAI_BASE_URL, and closes it on disconnect"
BASE_URL: Final = "OPENAI_BASE_URL"
DEFAULT_BASE_URL: Final = "http://127.0.0.1:9000/v1"
_LIMIT_S: Final = 60.0
_TEXT: Final = re.compile(rb'"content": ?"[^"]')


async def _pass_on(answer: httpx.Response, record: Record) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            record.generated_tokens += len(_TEXT.findall(piece))
            yield piece
        record.ended("completed")
    finally:
        # Whatever ended this. httpx closes the connection even while it is being cancelled.
        await answer.aclose()
        record.ended("stopped")


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    """The defaults do not apply: it generates nothing itself."""
    del defaults
    app = bare_app(truth)
    base_url = os.environ.get(BASE_URL, DEFAULT_BASE_URL).rstrip("/")

    @app.post(PATH)
    async def chat(request: Request) -> Response:
        record = truth.new("relay", 0)
        watch(request, record)
        passed = {name: request.headers[name] for name in ("content-type", "authorization") if name in request.headers}
        client = httpx.AsyncClient(timeout=_LIMIT_S, trust_env=False)
        asking = client.build_request(
            "POST", f"{base_url}/chat/completions", content=await request.body(), headers=passed
        )
        try:
            answer = await client.send(asking, stream=True)
        except httpx.HTTPError as error:
            record.ended("failed")
            message = f"cannot reach {base_url} ({type(error).__name__}). Set {BASE_URL} to the URL of the LLM."
            return JSONResponse({"error": {"message": message, "type": "upstream_error"}}, 502)
        headers = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no", "x-mock-id": record.id}
        headers["content-type"] = answer.headers.get("content-type", "application/octet-stream")
        return StreamingResponse(_pass_on(answer, record), answer.status_code, headers)

    return app
