"""llama.cpp's server, a flavour of OpenAI Chat: bare comments as heartbeats, no `[DONE]` after an error.

Source: ggml-org/llama.cpp, `tools/server` (README and server-task.cpp): the first chunk has content null; an error once
the stream has begun is `data: {"error": …}`, and the connection closes.
"""

from typing import Any

from mockserver.api import FAILED, LIMITED, Failure
from mockserver.dialects.openai_chat import IN_BAND, ChunkWriter, OpenAIChat
from mockserver.responses import StreamForm
from mockserver.stream_faults import data

_TYPES = {FAILED: "server_error", LIMITED: "unavailable_error"}


def _error(failure: Failure) -> dict[str, Any]:
    kind = _TYPES.get(failure.status, "invalid_request_error")
    return {"error": {"code": failure.status, "message": failure.message, "type": kind}}


class LlamaCppWriter(ChunkWriter):
    def role(self) -> dict[str, Any]:
        """The content is null."""
        return {"role": "assistant", "content": None}

    def error(self) -> bytes:
        """The error; nothing comes after it."""
        return data(_error(IN_BAND))


class LlamaCpp(OpenAIChat):
    name = "llamacpp"
    paths = ("/llamacpp/v1/chat/completions",)
    form = StreamForm(heartbeat=b":\n\n")
    writer_class = LlamaCppWriter

    def failure(self, failure: Failure) -> Any:
        """The code is the HTTP status."""
        return _error(failure)


API = LlamaCpp()
