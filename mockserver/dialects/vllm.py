"""vLLM, a flavour of OpenAI Chat: what is unset is left out, and `[DONE]` follows an error too.

Source: vllm-project/vllm, `vllm/entrypoints/openai/chat_completion/serving.py`: chunks are dumped with `exclude_unset`,
and whatever ends the generator, `data: [DONE]` is sent last. Heartbeats need `--sse-keep-alive-interval`.
"""

from typing import Any

from mockserver.dialects.openai_chat import DONE, IN_BAND, ChunkWriter, OpenAIChat
from mockserver.stream_faults import as_json, data


class VllmWriter(ChunkWriter):
    """Chunks without what is unset."""

    reasoning_field = "reasoning"
    extras = {}  # noqa: RUF012  constant

    def chunk(self, index: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        """`stop_reason` comes with the finish."""
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        choice.update({"stop_reason": None} if finish else {})
        return b'data: %s,"choices":[%s]}\n\n' % (self.common, as_json(choice))

    def role(self) -> dict[str, Any]:
        """Role and empty content."""
        return {"role": "assistant", "content": ""}

    def error(self) -> bytes:
        """The error, then `[DONE]`."""
        error = {"message": IN_BAND.message, "type": "InternalServerError", "param": None, "code": 500}
        return data({"error": error}) + DONE


class Vllm(OpenAIChat):
    name = "vllm"
    paths = ("/vllm/v1/chat/completions",)
    writer_class = VllmWriter


API = Vllm()
