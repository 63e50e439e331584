"""Heads of HTTP/1 messages as bytes, and what they mean for a message's body (RFC 9112)."""

from http import HTTPStatus
from typing import Final

from sseprobe.proxy.fault import Head, RequestHead, ResponseHead, has_token

MAX_HEAD_BYTES: Final = 1024 * 1024
"""More than any server accepts."""

_NO_BODY: Final = frozenset({204, 304})


def request_bytes(head: RequestHead) -> bytes:
    """A request's head on the wire."""
    return b"%s %s HTTP/%s\r\n%s" % (head.method, head.target, head.version, _lines(head.headers))


def response_bytes(head: ResponseHead) -> bytes:
    """A response's head on the wire."""
    return b"HTTP/%s %d %s\r\n%s" % (head.version, head.status, head.reason, _lines(head.headers))


def own_response(status: int, message: str) -> bytes:
    """A response of the proxy's own, after which it closes the connection."""
    body = f"sseprobe proxy: {message}\n".encode()
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Proxy Error"
    head = ResponseHead(
        headers=[
            (b"Content-Type", b"text/plain; charset=utf-8"),
            (b"Content-Length", b"%d" % len(body)),
            (b"Connection", b"close"),
        ],
        status=status,
        reason=reason.encode(),
    )
    return response_bytes(head) + body


def is_chunked(head: Head) -> bool:
    """Whether the body comes in transfer chunks."""
    return has_token(head, b"transfer-encoding", b"chunked")


def has_body(head: ResponseHead, method: bytes) -> bool:
    """Whether a body follows (RFC 9112 6.3)."""
    return method != b"HEAD" and head.status not in _NO_BODY and head.status >= 200


def is_close_delimited(head: ResponseHead, method: bytes) -> bool:
    """Whether only closing the connection ends the body."""
    return has_body(head, method) and not is_chunked(head) and head.header(b"content-length") is None


def keeps_alive(head: RequestHead | ResponseHead) -> bool:
    """Whether the connection may be used for another request (RFC 9112 9.3)."""
    if head.version == b"1.0":
        return has_token(head, b"connection", b"keep-alive")
    return not has_token(head, b"connection", b"close")


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n"
