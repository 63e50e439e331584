"""`except asyncio.CancelledError`, without `raise`: somebody wanted a clean log.

The cancellation arrives where the generator waits for a token, is swallowed there, and the loop continues. Every
further wait is cancelled at once as well, so that the rest is generated in one burst.
The fix: let CancelledError pass, and clean up in `finally`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mockserver.mode_app import Generation, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

SUMMARY: Final = "generates the rest in one burst: CancelledError is swallowed"
logger = logging.getLogger(__name__)


async def _events(generation: Generation) -> AsyncIterator[bytes]:
    record = generation.record
    try:
        yield generation.opening()
        wait_s = generation.ttft_s
        for piece in generation.answer.pieces():
            try:
                await asyncio.sleep(wait_s)
            except asyncio.CancelledError:
                logger.debug("the client has disconnected")
            wait_s = generation.itl_s
            record.generated_tokens += 1
            yield generation.event(piece)
        yield generation.ending()
        record.ended("completed")
    finally:
        record.ended("stopped")  # some servers cancel the sending too, and drop the generator


async def _complete(generation: Generation, _request: Request) -> Response:
    return StreamingResponse(_events(generation), media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    return chat_app(defaults, truth, _complete)
