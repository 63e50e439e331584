"""`ai`, under node: the AI SDK's own client of UI message streams."""

from sseprobe.dialects.traits import Scope, Wire
from sseprobe.readers.base import OutputShape, Reader

_CANARY = b'data: {"type":"start"}\n\ndata: {"type":"finish"}\n\ndata: [DONE]\n\n'
READER = Reader("ai", "ai", OutputShape.PAYLOADS, _CANARY, script="vercel-ai.mjs", dialects=Scope((Wire.VERCEL_UI,)))
