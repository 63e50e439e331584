"""Dialects: vendors' conventions. To add one: one file here, and its line in `_MODULES`.

Where two recognise the same event, the first in the table is meant.
"""

import difflib
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sseprobe.config.options.request import AUTO
from sseprobe.errors import UsageError

if TYPE_CHECKING:  # `--help` lists the names, and shall be quick
    from collections.abc import Callable, Sequence

    from sseprobe.dialects.base import Dialect
    from sseprobe.dialects.traits import Scope
    from sseprobe.sse import Event

PLAIN: Final = "plain"
"""Any event stream: the dialect of streams that tell no other."""
_MODULES: Final = {
    "openai-chat": "sseprobe.dialects.openai_chat",
    "openai-completions": "sseprobe.dialects.openai_completions",
    "openai-responses": "sseprobe.dialects.openai_responses",
    "anthropic": "sseprobe.dialects.anthropic",
    "gemini": "sseprobe.dialects.gemini",
    "cohere": "sseprobe.dialects.cohere",
    "mistral": "sseprobe.dialects.mistral",
    "ollama": "sseprobe.dialects.ollama",
    "vercel-ui": "sseprobe.dialects.vercel_ui",
    "ag-ui": "sseprobe.dialects.ag_ui",
    "openrouter": "sseprobe.dialects.openrouter",
    "vllm": "sseprobe.dialects.vllm",
    "llamacpp": "sseprobe.dialects.llamacpp",
    PLAIN: "sseprobe.dialects.plain",
}
NAMES: Final = tuple(_MODULES)
_VENDORS_PATH: Final = re.compile(r"/chat/completions$|/v1(?:beta\d?)?/[^/]+$|/openai/|:streamGenerateContent$")
"""Paths that no app gives to a protocol of its own."""


def by_name(name: str) -> "Dialect":
    """The dialect of this name. Raises UsageError for one that is not known."""
    if name not in _MODULES:
        raise UsageError(unknown(name))
    dialect: Dialect = import_module(_MODULES[name]).DIALECT
    return dialect


def unknown(name: str, others: tuple[str, ...] = ()) -> str:
    """The sentence for a name that is not known; `others`: further ones that are."""
    known = (AUTO, *NAMES, *others)
    near = difflib.get_close_matches(name.lower(), known, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"--dialect {name}: not a dialect sseprobe knows.{guess} Known are: {', '.join(known)}."


def by_url(url: str) -> "Dialect | None":
    """The dialect that the URL's path tells, its host where vendors share a path; None if they tell none.

    Where the path may as well be an app's own (`/api/responses`), it counts as one that the dialect shares.
    """
    try:
        parts = urlsplit(url)
        path, host = parts.path.rstrip("/"), (parts.hostname or "").lower()
    except ValueError:  # of a recording, perhaps
        return None
    found: Dialect | None = None
    longest, is_sure = 0, True
    for dialect in map(by_name, NAMES):
        at_home = any(host == name or host.endswith(f".{name}") for name in dialect.hosts)
        # A path that is somebody else's tells this dialect only on its own hosts, and there before all others.
        ends = dialect.paths if at_home or not dialect.hosts else (dialect.path,)
        for end in ends:
            weight = len(end) + at_home * len(path)
            if path.endswith(end) and weight > longest:
                found, longest = dialect, weight
                is_sure = at_home or path == dialect.path or _VENDORS_PATH.search(path) is not None
    return found if found is None or is_sure else found.shared()


def by_event(event: "Event", value: Any) -> "Dialect | None":
    """The dialect that an event with this payload tells, None if it tells none."""
    return next((dialect for dialect in map(by_name, NAMES) if dialect.recognises(event, value)), None)


def by_header(header: "Callable[[str], str | None]", expected: "Dialect | None") -> "Dialect | None":
    """The dialect that an answer's headers tell, where the path promises none; else the one expected.

    `header`: (name) -> value.
    """
    if expected is not None and expected.event_format is None and not expected.shared_paths:
        return expected
    for dialect in map(by_name, NAMES):
        if dialect.header is not None and (header(dialect.header[0]) or "").strip() == dialect.header[1]:
            return dialect
    return expected


def names_in(scope: "Scope") -> list[str]:
    """The names of the dialects that a rule or a reader of this scope is for."""
    return [name for name in NAMES if by_name(name).is_in(scope)]


def by_beginning(payloads: "Sequence[Any]") -> "Dialect | None":
    """The dialect that the first payloads tell together, None if they tell none."""
    return next((each for each in map(by_name, NAMES) if each.begins is not None and each.begins(payloads)), None)
