"""What to try, where an answer is no stream."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sseprobe.http_exchange import Head, Request
from sseprobe.text import one_line


def advice_for(head: Head, body: bytes, request: Request) -> str | None:
    """What to try after this answer, None if it gives no hint."""
    content_type = (head.header("content-type") or "").lower()
    is_page = "html" in content_type and body.lstrip()[:1] == b"<"
    refused = "The server refused the request: see --data, --model and --dialect."
    table: Iterable[tuple[bool, str]] = (
        (head.status in (401, 403), "Name the environment variable that holds the key: --api-key-env VAR."),
        (head.status == 405, _other_method(head, request)),
        (
            head.status == 404,
            "The server is up, but this path is not one it knows. OpenAI-compatible servers use /v1/chat/completions; "
            "a FastAPI app lists its paths at /docs.",
        ),
        (head.status in (400, 422), _missing(body) or refused),
        (head.status == 429, "The server asks to wait; try again later."),
        (head.status in (502, 503, 504), "A proxy or the server itself is not ready; look into its log."),
        (head.status >= 500, "The server failed; look into its log."),
        (300 <= head.status < 400, "The redirect names no place to go to."),
        (head.status == 204, "204 tells EventSource to stop reconnecting: nothing is being streamed."),
        (is_page, "That is a web page: check the path, and what stands before the server (a login, a proxy)."),
        (_is_geminis_array(head, body), _as_sse(request)),
        (
            body[:1] in (b"{", b"["),
            'That is one JSON document: ask for a stream ("stream": true), or the app answers in one piece. '
            "If it sends one document a line, say --framing ndjson.",
        ),
        (content_type.startswith("text/") and bool(body), "If the app streams text as it is, say --framing text."),
    )
    return next((advice for applies, advice in table if applies), None)


def _other_method(head: Head, request: Request) -> str:
    """What to do about a 405: the answer says which methods are allowed."""
    said = one_line(head.header("allow") or "", 60)
    allowed = {word.strip().upper() for word in said.split(",")}
    if "POST" in allowed and request.body is None:
        return f"sseprobe sent {request.method}, this path allows {said}: give a body with -d '{{…}}'."
    if allowed - {"", request.method}:
        return f"sseprobe sent {request.method}, this path allows {said}: name it with -X."
    if request.method == "POST":
        return "sseprobe sent POST, and this path does not take it: ask with -X GET, or check the path."
    return (
        f"sseprobe sent {request.method}, and this path does not take it: give a body with -d to send POST, "
        "or a method with -X."
    )


def _is_geminis_array(head: Head, body: bytes) -> bool:
    """Whether this is a stream of Gemini's as one JSON array: what it sends where `alt=sse` does not reach it."""
    if not body.lstrip().startswith(b"["):
        return False
    return ":streamGenerateContent" in head.url or b'"candidates"' in body[:4096]


def _as_sse(request: Request) -> str:
    """What to do about Gemini's JSON array."""
    if "alt=sse" in urlsplit(request.url).query:
        said = "It was asked for, and did not arrive: look for what drops or rewrites the query on the way."
    else:
        said = "Add it to the URL: ?alt=sse."
    return f"That is Gemini's answer as one JSON array, which it sends without the query alt=sse. {said}"


def _missing(body: bytes) -> str | None:
    """Which fields the server misses, as FastAPI tells it: `{"detail": [{"loc": ["body", "message"], …}]}`."""
    try:
        told: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    details = told.get("detail") if isinstance(told, dict) else None
    places = [each.get("loc") for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    paths = [[str(step) for step in place] for place in places if isinstance(place, list) and place]
    fields = [path[-1] for path in paths if path[0] == "body" and len(path) > 1 and not path[-1].isdecimal()]
    parameters = [path[-1] for path in paths if path[0] == "query" and len(path) > 1]
    if fields:
        document = ", ".join(f'"{one_line(field, 40)}": "…"' for field in dict.fromkeys(fields))
        return f"The server asks for other fields in the body: -d '{{{document}}}'."
    if parameters:
        query = "&".join(f"{one_line(name, 40)}=…" for name in dict.fromkeys(parameters))
        return f"The server asks for parameters in the URL: ?{query}."
    if ["body"] in paths:
        return "The server asks for a body: give it with -d '{…}'."
    return None
