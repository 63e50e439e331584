"""sseprobe: finds out from outside whether an LLM endpoint streams, stops and fails as it should.

report = await sseprobe.check("http://localhost:8000/chat", json={"message": "hi"})
report = sseprobe.sync.abort_test("http://localhost:8000/chat", witness="upstream:9000")
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sseprobe import sync
    from sseprobe.api import Endpoint, abort_test, buffer_test, check, stream
    from sseprobe.errors import SseprobeError, UsageError
    from sseprobe.report import Report

__version__ = "0.1.0"
__all__ = [
    "Endpoint",
    "Report",
    "SseprobeError",
    "UsageError",
    "__version__",
    "abort_test",
    "buffer_test",
    "check",
    "stream",
    "sync",
]

_HOMES = {
    "Endpoint": "api",
    "Report": "report",
    "SseprobeError": "errors",
    "UsageError": "errors",
    "abort_test": "api",
    "buffer_test": "api",
    "check": "api",
    "stream": "api",
}


def __getattr__(name: str) -> "Any":
    """Imports what is asked for when it is asked for: `import sseprobe` costs nothing."""
    from importlib import import_module

    if name == "sync":
        return import_module("sseprobe.sync")
    if name in _HOMES:
        return getattr(import_module(f"sseprobe.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'sseprobe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
