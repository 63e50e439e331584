"""`openai` under node: its `Stream`, behind a real client."""

from sseprobe.readers.base import CHAT_CANARY, OutputShape, Reader
from sseprobe.readers.openai_python import DIALECTS

READER = Reader("openai-node", "openai", OutputShape.PAYLOADS, CHAT_CANARY, script="openai.mjs", dialects=DIALECTS)
