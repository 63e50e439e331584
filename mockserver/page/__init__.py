"""The page at `/`: asks for a stream, shows what arrives, and beside it what the server did. No build, no CDN."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import Response

_FILES: Final = {
    "/": ("index.html", "text/html"),
    "/page/page.css": ("page.css", "text/css"),
    "/page/page.js": ("page.js", "text/javascript"),
    "/page/reception.js": ("reception.js", "text/javascript"),
    "/page/sse.js": ("sse.js", "text/javascript"),
}
_HEADERS: Final = {
    # The last three do not fall back to default-src.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


def add_routes(app: FastAPI) -> None:
    for path, (name, media_type) in _FILES.items():
        content = Path(__file__).with_name(name).read_bytes()
        app.get(path)(_serving(content, media_type))


def _serving(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        return Response(content, media_type=media_type, headers=_HEADERS)

    return serve
