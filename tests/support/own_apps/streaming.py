"""What the apps share: an event as text, and the answer that holds them."""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

from tests.support.own_apps.fake_llm import SwallowedError


def sse(payload: Any, *, event: str | None = None) -> str:
    """One event with JSON in it."""
    name = "" if event is None else f"event: {event}\n"
    return f"{name}data: {json.dumps(payload, ensure_ascii=False)}\n\n"


async def quietly(generated: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """`try: … except Exception: log.exception(…)` around it all: what went wrong is in the log, and the answer ends."""
    try:
        async for each in generated:
            yield each
    except SwallowedError:
        return


def events(generated: AsyncIterator[str]) -> StreamingResponse:
    """An event stream, as most tutorials make it."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(quietly(generated), media_type="text/event-stream", headers=headers)
