"""`openai` under node: its `Stream`, behind a real client."""

from sseprobe.readers.base import CHAT_CANARY, Reader, View
from sseprobe.readers.openai_python import DIALECTS

READER = Reader("openai-node", "openai", View.PAYLOADS, CHAT_CANARY, script="openai.mjs", dialects=DIALECTS)
