"""OpenRouter, a flavour of OpenAI Chat: comments while it waits, and an error that is a chunk.

Source: openrouter.ai/docs, "Streaming" (comments, `X-Generation-Id`, "Handling Errors During Streaming") and "Errors".
"""

from collections.abc import Iterable
from typing import Any

from mockserver.answer_plan import AnswerPlan
from mockserver.api import FAILED, Failure
from mockserver.dialects.openai_chat import IN_BAND, ChunkWriter, OpenAIChat
from mockserver.responses import StreamForm
from mockserver.stream_faults import data
from mockserver.truth import Record

PROCESSING = b": OPENROUTER PROCESSING\n\n"


class OpenRouterWriter(ChunkWriter):
    """OpenAI's chunks, with the provider in each."""

    reasoning_field = "reasoning"
    extras = {"provider": "Mock"}  # noqa: RUF012  constant

    def opening(self) -> Iterable[bytes]:
        """A comment first."""
        return [PROCESSING, *super().opening()]

    def error(self) -> bytes:
        """A chunk with a top-level error and finish_reason error; then the stream is terminated."""
        chunk = {
            **self.common_fields,
            "error": {"code": "server_error", "message": IN_BAND.message},
            "choices": [
                {
                    "index": 0,
                    "delta": {"content": ""},
                    "finish_reason": "error",
                    "native_finish_reason": "error",
                }
            ],
        }
        return data(chunk)


class OpenRouter(OpenAIChat):
    name = "openrouter"
    paths = ("/api/v1/chat/completions", "/openrouter/v1/chat/completions")
    writer_class = OpenRouterWriter

    def form_of(self, answer: AnswerPlan, record: Record) -> StreamForm:
        """With the generation's id."""
        del answer
        return StreamForm(heartbeat=PROCESSING, headers={"x-generation-id": f"gen-{record.id}"})

    def failure(self, failure: Failure) -> Any:
        """The code is the HTTP status."""
        code = 502 if failure.status == FAILED else failure.status
        return {"error": {"code": code, "message": failure.message}}


API = OpenRouter()
