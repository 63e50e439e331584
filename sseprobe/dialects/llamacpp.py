"""`llamacpp`: OpenAI Chat as llama.cpp's server speaks it: bare comments as heartbeats, an error and then the close.

Source: ggml-org/llama.cpp, tools/server: `data: {"error": {code, message, type}}` once the stream has begun, and no
`[DONE]` after it.
"""

from msgspec.structs import replace

from sseprobe.dialects import openai_chat
from sseprobe.dialects.traits import Trait

DIALECT = replace(
    openai_chat.DIALECT,
    name="llamacpp",
    path="/llamacpp/v1/chat/completions",
    paths=("/llamacpp/v1/chat/completions",),
    traits=openai_chat.DIALECT.traits | {Trait.TIMES_MAY_CHANGE},
)
