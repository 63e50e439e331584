"""Family HTTP: responses to other methods, and to HTTP/1.0."""

from collections.abc import Iterator
from typing import Final

from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.rules.probe_results import Http10, Methods
from sseprobe.text import one_line

_RFC9110: Final = "https://www.rfc-editor.org/rfc/rfc9110"
_RFC9112: Final = "https://www.rfc-editor.org/rfc/rfc9112"


@rule("HTTP015", Severity.WARNING, Kind.CONFORMANCE, f"{_RFC9110}#section-15.5.6", of=Methods)
def refuses_other_methods(methods: Methods) -> Iterator[Finding]:
    """Unsupported methods get a 4xx or 501.

    What it does: Sends a GET to an endpoint that expects POST, and an unknown method to every endpoint.
    Why it matters: Health checks, crawlers and typing errors send such requests. They must not start a generation.
    Good: `405 Method Not Allowed`.
    Bad: `500`, or a stream.
    """
    for answer in methods.others:
        if answer.head is None:
            yield Finding(
                f"{answer.name}-unanswered",
                f"{answer.request}: no response ({one_line(answer.problem or '', 200)})",
                None,
                "405",
                "none",
            )
        elif not (400 <= answer.head.status < 500 or answer.head.status == 501):
            what = f"{answer.head.status} {answer.content_type}".strip()
            yield Finding(f"{answer.name}-not-refused", f"{answer.request}: got {what}", None, "405", what)


@rule("HTTP016", Severity.WARNING, Kind.CONFORMANCE, f"{_RFC9110}#section-15.5.6", of=Methods)
def says_what_is_allowed(methods: Methods) -> Iterator[Finding]:
    """A 405 response lists the allowed methods.

    What it does: Checks for the Allow header in each 405 response. "The origin server MUST generate an Allow header
    field in a 405 response".
    Why it matters: People and tools learn from it which methods the endpoint accepts.
    Good: `Allow: POST`.
    Bad: A 405 without an Allow header.
    """
    refused = [answer for answer in (methods.head, *methods.others) if answer.status == 405]
    if not refused:
        raise NotApplicable("no response was a 405")
    for answer in refused:
        if answer.head is not None and answer.head.header("allow") is None:
            yield Finding(
                "missing-allow", f"{answer.request}: a 405 without an Allow header", None, "Allow: …", "no Allow"
            )


@rule("HTTP018", Severity.WARNING, Kind.CONFORMANCE, f"{_RFC9110}#section-9.3.2", of=Methods)
def answers_head(methods: Methods) -> Iterator[Finding]:
    """HEAD is answered without a 5xx.

    What it does: Sends a HEAD request to the endpoint.
    Why it matters: Load balancers and monitors send HEAD. A handler that starts a generation for it wastes that
    generation.
    Good: `405`, or `200` with the stream's headers and no body.
    Bad: `500`, or no response.
    """
    answer = methods.head
    if answer.head is None:
        yield Finding(
            "unanswered",
            f"{answer.request}: no response ({one_line(answer.problem or '', 200)})",
            None,
            "a response",
            "none",
        )
    elif answer.head.status >= 500 and answer.head.status != 501:
        yield Finding(
            "server-error",
            f"{answer.request}: got {answer.head.status}",
            None,
            "below 500",
            str(answer.head.status),
        )


@rule("HTTP017", Severity.ERROR, Kind.CONFORMANCE, f"{_RFC9112}#section-6.1", of=Http10)
def serves_http10(old: Http10) -> Iterator[Finding]:
    """An HTTP/1.0 client gets an unchunked, complete stream.

    What it does: Makes the request over HTTP/1.0, as nginx does to its upstream by default, and checks the framing. "A
    server MUST NOT send a response containing Transfer-Encoding unless the corresponding request indicates HTTP/1.1".
    Why it matters: An HTTP/1.0 client reads chunk sizes as part of the body.
    Good: No Transfer-Encoding; the closed connection ends the body.
    Bad: `Transfer-Encoding: chunked`.
    """
    if old.answer.head is None:
        yield Finding(
            "unanswered",
            f"no response over HTTP/1.0 ({one_line(old.answer.problem or '', 200)})",
            None,
            "a stream",
            "none",
        )
    elif old.transfer_encoding is not None:
        excerpt = one_line(old.transfer_encoding, 60)
        yield Finding(
            "transfer-encoding", "the response to an HTTP/1.0 request has a Transfer-Encoding", None, "none", excerpt
        )
    elif old.stream is None:
        problem = f"sent {old.answer.head.status} {old.answer.content_type}, not a stream"
        raise Inconclusive(f"over HTTP/1.0 the endpoint {problem}")
    elif old.stream.ending is not Ending.COMPLETE:
        yield Finding(
            "not-complete",
            f"over HTTP/1.0 the stream ended as {old.stream.ending}",
            None,
            "complete",
            str(old.stream.ending),
        )
