"""Family HTTP: the head of the response, and its framing."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.traits import Scope, Wire
from sseprobe.http_exchange import BodyEnd, Head
from sseprobe.rules.base import WHATWG, Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.sse.framing import CONTENT_TYPES, Framing, by_content_type, media_type
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_RFC9110: Final = "https://www.rfc-editor.org/rfc/rfc9110"
_RFC9112: Final = "https://www.rfc-editor.org/rfc/rfc9112"
_MCP: Final = "https://modelcontextprotocol.io/specification/draft/basic/transports"
_AI_SDK: Final = "https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol"
_BROKEN: Final = {
    BodyEnd.MISSING_LAST_CHUNK: ("the connection was closed without HTTP's last chunk", "a chunk of size 0"),
    BodyEnd.SHORT_BODY: ("the connection was closed before Content-Length bytes arrived", "Content-Length bytes"),
    BodyEnd.RESET: ("the connection was reset mid-stream", "the end of the body"),
    BodyEnd.TLS_CUT: ("the connection was closed without TLS's close_notify", "close_notify"),
    BodyEnd.PROTOCOL_ERROR: ("the body has invalid HTTP framing", "complete transfer chunks"),
}
_CUT_BY_US: Final = frozenset({BodyEnd.ABORT, BodyEnd.LIMIT, BodyEnd.IDLE_TIMEOUT, BodyEnd.TOTAL_TIMEOUT})
_REQUEST_IDS: Final = (
    "request-id", "x-request-id", "x-generation-id", "apim-request-id", "x-goog-request-id", "x-amzn-requestid",
    "x-correlation-id", "cf-ray", "x-mock-id",
)  # fmt: skip
READ_ONE_MEMBER: Final = "Chromium, curl and httpx"
_NO_CODING: Final = frozenset({"none", "utf-8", "utf8", "us-ascii", "iso-8859-1", "chunked", "binary", "8bit"})
_TURN_INTO_GET: Final = frozenset({301, 302, 303})


def _head(stream: Transcript) -> Head:
    if stream.head is None:
        raise NotApplicable("the response head is not recorded")
    return stream.head


def _tokens(head: Head, name: str) -> set[str]:
    """The members of a list header, in lower case, without parameters."""
    values = [value for key, value in head.headers if key.lower() == name]
    return {word.partition("=")[0].strip().lower() for value in values for word in value.split(",") if word.strip()}


@rule("HTTP001", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#dom-eventsource")
def has_status_200(stream: Transcript) -> Iterator[Finding]:
    """A stream has status 200.

    What it does: Checks the status of the response, after redirects.
    Why it matters: With any other status, EventSource gives up and SDKs raise an error. Status 204 means: stop
    reconnecting.
    Good: `HTTP/1.1 200 OK`.
    Bad: `HTTP/1.1 201 Created`, or an event stream sent with status 503.
    """
    head = _head(stream)
    if head.status != 200:
        problem = f"the response has status {head.status} {one_line(head.reason, 60)}".rstrip()
        yield Finding("other-status", problem, None, "200", str(head.status))


@rule("HTTP002", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#dom-eventsource")
def has_the_content_type(stream: Transcript) -> Iterator[Finding]:
    """Content-Type matches the body.

    What it does: Compares the media type, without parameters, with `text/event-stream`. For Ollama's lines of JSON it
    expects `application/x-ndjson` or an equivalent.
    Why it matters: EventSource rejects any other type. httpx-sse and other clients raise an error. Some proxies stream
    only this type.
    Good: `Content-Type: text/event-stream; charset=utf-8`.
    Bad: `Content-Type: text/plain`, or `application/json`.
    """
    head = _head(stream)
    if stream.dialect.event_format is not None and stream.framing is not Framing.SSE:
        raise NotApplicable(f"the body is an app's own {stream.framing}, read by its own client whatever the type")
    expected = stream.dialect.framing if stream.dialect.framing is Framing.LINES else Framing.SSE
    content_type = head.header("content-type")
    if by_content_type(content_type) is not expected:
        excerpt = one_line(media_type(content_type) or "none", 80)
        yield Finding("wrong-content-type", f"Content-Type is {excerpt}", None, CONTENT_TYPES[expected], excerpt)


@rule("HTTP003", Severity.WARNING, Kind.COMPATIBILITY, f"{WHATWG}#parsing-an-event-stream", framing=Framing.SSE)
def has_no_other_charset(stream: Transcript) -> Iterator[Finding]:
    """The charset, if given, is UTF-8.

    What it does: Checks the charset in Content-Type. Event streams are always UTF-8, and browsers ignore the charset.
    Why it matters: httpx-sse, httpx2, cohere and a2a-sdk decode with the given charset and show damaged text.
    Good: `text/event-stream; charset=utf-8`, or no charset.
    Bad: `text/event-stream; charset=iso-8859-1`.
    """
    content_type = _head(stream).header("content-type") or ""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip("\"'").lower()
        if name.strip().lower() == "charset" and charset not in ("utf-8", "utf8"):
            excerpt = one_line(charset, 40)
            yield Finding("other-charset", f"the charset is {excerpt}", None, "utf-8", excerpt)


@rule("HTTP004", Severity.WARNING, Kind.COMPATIBILITY, f"{_RFC9110}#section-7.7")
def is_not_cached(stream: Transcript) -> Iterator[Finding]:
    """Cache-Control forbids caching the stream.

    What it does: Expects `no-store` or `no-cache` in the response's Cache-Control. `no-transform` also keeps proxies
    from compressing.
    Why it matters: A cache may serve one user's answer to another, or hold the body until it is complete. Responses to
    POST are rarely cached, but CDNs can be configured to cache them, and then follow this header.
    Good: `Cache-Control: no-cache, no-transform`.
    Bad: No Cache-Control, or `public, max-age=60`.
    """
    head = _head(stream)
    if not _tokens(head, "cache-control") & {"no-store", "no-cache"}:
        excerpt = one_line(head.header("cache-control") or "none", 80)
        yield Finding("cacheable", "Cache-Control allows caching the stream", None, "no-store or no-cache", excerpt)


@rule("HTTP005", Severity.INFO, Kind.COMPATIBILITY, _MCP)
def asks_nginx_not_to_buffer(stream: Transcript) -> Iterator[Finding]:
    """X-Accel-Buffering is no.

    What it does: Checks for the header that turns off response buffering in nginx and in proxies that follow its
    convention.
    Why it matters: nginx buffers by default. With this header the app turns buffering off without a change to the
    proxy.
    Good: `X-Accel-Buffering: no`.
    Bad: No such header.
    """
    value = _head(stream).header("x-accel-buffering")
    if (value or "").strip().lower() != "no":
        yield Finding(
            "no-x-accel-buffering", "X-Accel-Buffering is not set to no", None, "no", one_line(value or "none", 40)
        )


@rule("HTTP006", Severity.WARNING, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes")
def is_not_compressed(stream: Transcript) -> Iterator[Finding]:
    """The stream is not compressed unless the client asks for it.

    What it does: Reports a Content-Encoding in the response to a request that accepts only `identity`.
    Why it matters: A compressor collects events unless it is flushed after each one. The probe `compression` measures
    the delay.
    Good: No Content-Encoding.
    Bad: `Content-Encoding: gzip`.
    """
    value = _head(stream).header("content-encoding")
    headers = stream.request.headers if stream.request else []
    asked = next((value for name, value in headers if name.lower() == "accept-encoding"), "")
    if asked.strip().lower() not in ("", "identity"):
        raise NotApplicable(f"the request accepts compression (Accept-Encoding: {one_line(asked, 40)})")
    if value is not None and value.strip().lower() not in ("", "identity"):
        no_coding = ", which is not a content coding; read as identity" if value.strip().lower() in _NO_CODING else ""
        yield Finding(
            "compressed",
            f"Content-Encoding is {one_line(value, 40)}{no_coding}",
            None,
            "no header",
            one_line(value, 40),
        )


@rule("HTTP007", Severity.WARNING, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes")
def has_no_content_length(stream: Transcript) -> Iterator[Finding]:
    """A stream has no Content-Length.

    What it does: Reports a Content-Length header.
    Why it matters: A server knows the length only once the whole body is ready. Either the response is not streamed, or
    something on the path buffered all of it.
    Good: `Transfer-Encoding: chunked`.
    Bad: `Content-Length: 4711`.
    """
    head = _head(stream)
    value = head.header("content-length")
    if value is not None and head.status == 200:
        yield Finding("has-content-length", "the response has a Content-Length", None, "none", one_line(value, 40))


@rule("HTTP008", Severity.ERROR, Kind.CONFORMANCE, f"{_RFC9112}#section-8")
def is_framed_to_its_end(stream: Transcript) -> Iterator[Finding]:
    """The body is complete by HTTP's own framing.

    What it does: Checks how the body ended: with the last chunk, with END_STREAM, or after Content-Length bytes.
    Why it matters: RFC 9112 section 8 calls any other body incomplete. Many clients raise an error even though the
    terminator arrived. Others take the partial answer for a complete one.
    Good: `0\\r\\n\\r\\n` at the end.
    Bad: The connection is closed or reset in the middle of the body.
    """
    end = stream.body_end
    if end is None:
        raise NotApplicable("the recording has only bytes, not how the body ended")
    if end in _CUT_BY_US:
        raise Inconclusive("sseprobe ended the stream before the server did")
    if end in _BROKEN:
        problem, expected = _BROKEN[end]
        coding = one_line((stream.head.header("content-encoding") if stream.head else None) or "", 40)
        if end is BodyEnd.PROTOCOL_ERROR and coding:
            problem, expected = (
                f"the body is not valid {coding} (Content-Encoding), or its HTTP framing is invalid",
                coding,
            )
        yield Finding(str(end), problem, (len(stream.body), len(stream.body)), expected, str(end))


@rule("HTTP009", Severity.INFO, Kind.COMPATIBILITY, f"{_RFC9112}#section-6.3")
def has_framing(stream: Transcript) -> Iterator[Finding]:
    """The body has framing that reveals truncation.

    What it does: Reports a response with neither chunked encoding nor a length, where only the closed connection marks
    the end.
    Why it matters: A crash then looks like a normal end. Clients have only the dialect's terminator to detect it.
    Good: `Transfer-Encoding: chunked`.
    Bad: `Connection: close` and no other framing.
    """
    head = _head(stream)
    if head.http_version == "2" or stream.body_end is None:
        return
    if head.header("content-length") is None and "chunked" not in _tokens(head, "transfer-encoding"):
        yield Finding(
            "no-framing",
            "only the closed connection marks the end of the body",
            None,
            "Transfer-Encoding: chunked",
            "neither",
        )


@rule("HTTP010", Severity.WARNING, Kind.CONFORMANCE, "https://openrouter.ai/docs/api/reference/errors-and-debugging")
def fails_before_the_stream(stream: Transcript) -> Iterator[Finding]:
    """A failure before the first token has a 4xx or 5xx status.

    What it does: Reports a stream with status 200 whose first event is an error.
    Why it matters: Gateways retry, count and alert by status. They do nothing after a 200.
    Good: `429` and a JSON error.
    Bad: `200`, and `data: {"error": …}` as the first event.
    """
    from sseprobe.dialects.base import DeltaKind

    head = _head(stream)
    first = next((message for message in stream.messages if not message.has(DeltaKind.HEARTBEAT)), None)
    if first is None:
        raise NotApplicable("the stream has no events")
    if head.status == 200 and first.has(DeltaKind.ERROR):
        yield Finding(
            "error-as-first-event",
            "the first event is an error, in a response with status 200",
            first.event.span,
            "4xx or 5xx",
            "200",
        )


@rule("HTTP011", Severity.WARNING, Kind.CONFORMANCE, f"{_RFC9110}#section-15.4")
def redirects_keep_the_method(stream: Transcript) -> Iterator[Finding]:
    """A redirect of a POST is 307 or 308.

    What it does: Checks the status of each redirect before the final response.
    Why it matters: After 301, 302 or 303 clients turn the POST into a GET, and the prompt is lost.
    Good: `307 Temporary Redirect`.
    Bad: `301 Moved Permanently`, for instance for a missing slash.
    """
    if not stream.redirects:
        raise NotApplicable("the request was not redirected")
    if stream.request is None or stream.request.method == "GET":
        raise NotApplicable("a GET may be redirected with any status")
    for redirect in stream.redirects:
        if redirect.status in _TURN_INTO_GET:
            yield Finding(
                "redirect-loses-method",
                f"a {stream.request.method} is redirected with {redirect.status}",
                None,
                "307 or 308",
                str(redirect.status),
            )


@rule("HTTP012", Severity.INFO, Kind.CONFORMANCE, "https://fetch.spec.whatwg.org/#http-cors-protocol")
def allows_the_origin(stream: Transcript) -> Iterator[Finding]:
    """A cross-origin request gets Access-Control-Allow-Origin.

    What it does: If the request has an Origin (`-H 'Origin: https://app.example'`), checks that the response allows it.
    Why it matters: Without this header, pages of another origin cannot read the stream.
    Good: `Access-Control-Allow-Origin: https://app.example`, or `*`.
    Bad: No such header.
    """
    request = stream.request
    origin = next((value for name, value in request.headers if name.lower() == "origin"), None) if request else None
    if origin is None:
        raise NotApplicable("the request has no Origin; add one with -H 'Origin: …'")
    value = _head(stream).header("access-control-allow-origin")
    if value not in ("*", origin):
        excerpt = one_line(value or "none", 80)
        yield Finding(
            "origin-not-allowed",
            "Access-Control-Allow-Origin does not allow the request's Origin",
            None,
            f"{one_line(origin, 80)} or *",
            excerpt,
        )


@rule("HTTP013", Severity.WARNING, Kind.CONFORMANCE, _AI_SDK, dialects=Scope((Wire.VERCEL_UI,)))
def marks_the_ui_stream(stream: Transcript) -> Iterator[Finding]:
    """A UI message stream has its version header.

    What it does: Checks for the header `x-vercel-ai-ui-message-stream: v1`.
    Why it matters: The AI SDK uses it to distinguish this protocol from older ones.
    Good: `x-vercel-ai-ui-message-stream: v1`.
    Bad: No such header.
    """
    value = _head(stream).header("x-vercel-ai-ui-message-stream")
    if (value or "").strip() != "v1":
        yield Finding(
            "no-ui-stream-header", "x-vercel-ai-ui-message-stream is not v1", None, "v1", one_line(value or "none", 40)
        )


@rule("HTTP014", Severity.INFO, Kind.COMPATIBILITY, "https://platform.openai.com/docs/api-reference/debugging-requests")
def names_the_request(stream: Transcript) -> Iterator[Finding]:
    """The response has a request id.

    What it does: Checks for a header such as `x-request-id`, `request-id` or `x-generation-id`.
    Why it matters: Users can quote it in a support request, and it finds the request in the logs.
    Good: `x-request-id: req_7f3a`.
    Bad: No such header.
    """
    head = _head(stream)
    if not any(head.header(name) for name in _REQUEST_IDS):
        yield Finding("no-request-id", "no header has a request id", None, "x-request-id or similar", "none")


@rule("HTTP019", Severity.ERROR, Kind.COMPATIBILITY, "https://www.rfc-editor.org/rfc/rfc1952#section-2.2")
def is_one_gzip_member(stream: Transcript) -> Iterator[Finding]:
    """A gzip stream has a single member.

    What it does: Counts the gzip members of a body sent with `Content-Encoding: gzip`. Django's GZipMiddleware makes
    one member per chunk, which RFC 1952 allows.
    Why it matters: Chromium, httpx and httpx2 stop after the first member and show one event; curl fails. urllib3,
    requests, niquests, aiohttp and Node's fetch read all members (measured with Chromium 156, curl 7.88, httpx 0.28,
    httpx2 2.16, urllib3 2.8, aiohttp 3.14, Node 20).
    Good: One compressor for the whole stream, flushed after each event.
    Bad: `gzip.compress(event)` for each event.
    """
    if stream.gzip_members == 0:
        raise NotApplicable("the body was not sent as gzip, or was recorded after decoding")
    if stream.gzip_members > 1:
        problem = f"the gzip body has {stream.gzip_members} members: {READ_ONE_MEMBER} read only the first"
        yield Finding("several-gzip-members", problem, None, "one member", f"{stream.gzip_members} members")
