"""The error for an answer that is not a stream: what was asked, what came, and what to try."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from sseprobe.errors import TargetError
from sseprobe.http_exchange import Chunk, Head, Request
from sseprobe.net.open_stream import OpenStream
from sseprobe.redaction import redact_url
from sseprobe.sse.framing import CONTENT_TYPES, Framing
from sseprobe.text import one_line

_EXCERPT_BYTES: Final = 64 * 1024
_EXCERPT_PATIENCE_S: Final = 2.0


def not_a_stream(head: Head, body: bytes, framing: Framing, request: Request) -> TargetError:
    """The error for an answer that is not a stream. `framing`: the expected one."""
    reason = f" {one_line(head.reason, 60)}" if head.reason else ""
    content_type = one_line(head.header("content-type") or "no Content-Type", 80)
    shown = one_line(body.decode(errors="replace"), 300)
    answer = f"{head.status}{reason} ({content_type}: {shown or 'an empty body'})"
    advice = _advice(head, body, request) or f"Expected Content-Type {CONTENT_TYPES[framing]}."
    return TargetError(f"{redact_url(head.url)} answered {answer}, not a stream. {advice}")


async def excerpt(stream: OpenStream, chunks: AsyncGenerator[Chunk, None]) -> bytes:
    """The beginning of a body that is not a stream; waits only a moment for it."""
    stream.expect_silence(_EXCERPT_PATIENCE_S)
    begun = b""
    async for chunk in chunks:
        begun += chunk.data
        if len(begun) > _EXCERPT_BYTES:
            break
    return begun[:_EXCERPT_BYTES]


def _advice(head: Head, body: bytes, request: Request) -> str | None:
    """What to try after this answer, None if it gives no hint."""
    content_type = (head.header("content-type") or "").lower()
    is_page = "html" in content_type and body.lstrip()[:1] == b"<"
    refused = "The server refused the request: see --data, --model and --dialect."
    table: Iterable[tuple[bool, str]] = (
        (head.status in (401, 403), "Name the environment variable that holds the key: --api-key-env VAR."),
        (head.status == 405, _other_method(head, request)),
        (
            head.status == 404,
            "The server is up, but does not know this path. OpenAI-compatible servers use /v1/chat/completions; "
            "a FastAPI app lists its paths at /docs.",
        ),
        (head.status in (400, 422), _missing(body) or refused),
        (head.status == 429, "The server limits the rate of requests; try again later."),
        (head.status in (502, 503, 504), "A proxy or the server itself is not ready; see its log."),
        (head.status >= 500, "The server failed; see its log."),
        (300 <= head.status < 400, "The redirect has no Location header; give the final URL."),
        (head.status == 204, "204 means: nothing to stream. EventSource stops reconnecting after it."),
        (is_page, "That is a web page: check the path, and what is in front of the server (a login, a proxy)."),
        (_is_geminis_array(head, body), _as_sse(request)),
        (
            body[:1] in (b"{", b"["),
            'That is one JSON document: ask for a stream ("stream": true), if the app can stream at all. '
            "If it sends one document per line, use --framing ndjson.",
        ),
        (content_type.startswith("text/") and bool(body), "If the app streams plain text, use --framing text."),
    )
    return next((advice for applies, advice in table if applies), None)


def _other_method(head: Head, request: Request) -> str:
    """What to try after a 405: the answer lists the allowed methods."""
    listed = one_line(head.header("allow") or "", 60)
    allowed = {word.strip().upper() for word in listed.split(",")}
    if "POST" in allowed and request.body is None:
        return f"sseprobe sent {request.method}, this path allows {listed}: give a body with -d '{{…}}'."
    if allowed - {"", request.method}:
        return f"sseprobe sent {request.method}, this path allows {listed}: choose one with -X."
    if request.method == "POST":
        return "sseprobe sent POST, which this path does not allow: use -X GET, or check the path."
    return (
        f"sseprobe sent {request.method}, which this path does not allow: give a body with -d to send POST, or choose "
        "a method with -X."
    )


def _is_geminis_array(head: Head, body: bytes) -> bool:
    """Whether this is Gemini's stream as one JSON array, which it sends where `alt=sse` does not reach it."""
    if not body.lstrip().startswith(b"["):
        return False
    return ":streamGenerateContent" in head.url or b'"candidates"' in body[:4096]


def _as_sse(request: Request) -> str:
    """What to try after Gemini's JSON array."""
    if "alt=sse" in urlsplit(request.url).query:
        advice = "The URL has it: look for a proxy that drops or rewrites the query."
    else:
        advice = "Add it to the URL: ?alt=sse."
    return f"That is Gemini's answer as one JSON array, which it sends without the query alt=sse. {advice}"


def _missing(body: bytes) -> str | None:
    """The fields that are missing, as FastAPI lists them: `{"detail": [{"loc": ["body", "message"], …}]}`."""
    try:
        document: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    details = document.get("detail") if isinstance(document, dict) else None
    locations = [each.get("loc") for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    paths = [[str(step) for step in each] for each in locations if isinstance(each, list) and each]
    fields = [path[-1] for path in paths if path[0] == "body" and len(path) > 1 and not path[-1].isdecimal()]
    parameters = [path[-1] for path in paths if path[0] == "query" and len(path) > 1]
    if fields:
        example = ", ".join(f'"{one_line(field, 40)}": "…"' for field in dict.fromkeys(fields))
        return f"The server asks for other fields in the body: -d '{{{example}}}'."
    if parameters:
        query = "&".join(f"{one_line(name, 40)}=…" for name in dict.fromkeys(parameters))
        return f"The server asks for parameters in the URL: ?{query}."
    if ["body"] in paths:
        return "The server asks for a body: give it with -d '{…}'."
    return None
