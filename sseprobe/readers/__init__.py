"""Readers: other people's parsers and SDKs, run over the very bytes that arrived. To add one: one file here, and its
line in `_MODULES`.

Each runs in a process of its own (`process.py`); what it delivers is compared with the specification's reading
(`comparison.py`). This file is imported by those processes too, and imports nothing for them to wait for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sseprobe.readers.base import Reader

_MODULES: Final = {
    "httpx-sse": "sseprobe.readers.httpx_sse",
    "httpx2": "sseprobe.readers.httpx2",
    "a2a-sdk": "sseprobe.readers.a2a_sdk",
    "langgraph-sdk": "sseprobe.readers.langgraph_sdk",
    "sseclient-py": "sseprobe.readers.sseclient_py",
    "aiohttp-sse-client": "sseprobe.readers.aiohttp_sse_client",
    "requests-sse": "sseprobe.readers.requests_sse",
    "eventsource-parser": "sseprobe.readers.eventsource_parser",
    "openai": "sseprobe.readers.openai_python",
    "openai-node": "sseprobe.readers.openai_node",
    "anthropic": "sseprobe.readers.anthropic",
    "google-genai": "sseprobe.readers.google_genai",
    "mistralai": "sseprobe.readers.mistralai",
    "cohere": "sseprobe.readers.cohere",
    "ollama": "sseprobe.readers.ollama",
    "ai": "sseprobe.readers.vercel_ai",
    "@ag-ui/client": "sseprobe.readers.ag_ui",
}
NAMES: Final = tuple(_MODULES)


def by_name(name: str) -> "Reader":
    """The reader of this name."""
    reader: Reader = import_module(_MODULES[name]).READER
    return reader
