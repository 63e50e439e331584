"""`vllm`: OpenAI Chat as vLLM speaks it: an error in mid-stream is followed by `[DONE]`; what is unset is left out.

Source: vllm-project/vllm, `vllm/entrypoints/openai/chat_completion/serving.py`. Old versions sent the error's fields
bare.
"""

from msgspec.structs import replace

from sseprobe.dialects import openai_chat

DIALECT = replace(
    openai_chat.DIALECT, name="vllm", path="/vllm/v1/chat/completions", paths=("/vllm/v1/chat/completions",)
)
