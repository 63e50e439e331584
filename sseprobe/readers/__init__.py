"""Readers: other people's parsers and SDKs, run over the very bytes that arrived.

Each runs in a process of its own (`process.py`); what it delivers is compared with the specification's reading
(`comparison.py`). To add one: one file here with its `READER`, and its line in `_MODULES`. This file is imported by
those processes too, and imports nothing for them to wait for.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sseprobe.readers.base import Reader

_MODULES: Final = (
    "httpx_sse",
    "httpx2",
    "a2a_sdk",
    "langgraph_sdk",
    "sseclient_py",
    "aiohttp_sse_client",
    "requests_sse",
    "eventsource_parser",
    "openai_python",
    "openai_node",
    "anthropic",
    "google_genai",
    "mistralai",
    "cohere",
    "ollama",
    "vercel_ai",
    "ag_ui",
)
"""In the order of reports and docs. What they drive is imported only in their own process."""


@cache
def all_readers() -> "tuple[Reader, ...]":
    """Every reader, installed or not."""
    return tuple(import_module(f"{__name__}.{name}").READER for name in _MODULES)


def by_name(name: str) -> "Reader":
    """The reader of this name. Raises StopIteration for an unknown one."""
    return next(reader for reader in all_readers() if reader.name == name)
