"""Family HTTP: answers to other requests than the stream's own: other methods, and HTTP/1.0."""

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
    """Methods that the endpoint is not made for are refused with a 4xx or 501.

    What it does: asks an endpoint for POST with GET, and each with a method that nobody knows.
    Why it matters: health checks, crawlers and typing errors come this way; each must cost nothing.
    Good: `405 Method Not Allowed`. Bad: `500`, or a stream.
    """
    for answer in methods.others:
        if answer.head is None:
            yield Finding(
                f"{answer.name}-unanswered",
                f"{answer.asked}: no answer ({one_line(answer.problem or '', 200)})",
                None,
                "405",
                "none",
            )
        elif not (400 <= answer.head.status < 500 or answer.head.status == 501):
            what = f"{answer.head.status} {answer.content_type}".strip()
            yield Finding(f"{answer.name}-not-refused", f"{answer.asked}: answered {what}", None, "405", what)


@rule("HTTP016", Severity.WARNING, Kind.CONFORMANCE, f"{_RFC9110}#section-15.5.6", of=Methods)
def says_what_is_allowed(methods: Methods) -> Iterator[Finding]:
    """A 405 says which methods are allowed.

    What it does: looks for the Allow header in each 405. "The origin server MUST generate an Allow header field in a
    405 response".
    Why it matters: it is how a person or a tool finds out what the endpoint takes.
    Good: `Allow: POST`. Bad: a 405 without it.
    """
    refused = [answer for answer in (methods.head, *methods.others) if answer.status == 405]
    if not refused:
        raise NotApplicable("no answer was a 405")
    for answer in refused:
        if answer.head is not None and answer.head.header("allow") is None:
            yield Finding("missing-allow", f"{answer.asked}: a 405 without Allow", None, "Allow: …", "no Allow")


@rule("HTTP018", Severity.WARNING, Kind.CONFORMANCE, f"{_RFC9110}#section-9.3.2", of=Methods)
def answers_head(methods: Methods) -> Iterator[Finding]:
    """HEAD is answered at once, without a body, and not with a 5xx.

    What it does: asks the endpoint with HEAD.
    Why it matters: load balancers and monitors ask so; a handler that starts a generation for HEAD works for nobody.
    Good: `405`, or `200` with the stream's headers and no body. Bad: `500`, or no answer at all.
    """
    answer = methods.head
    if answer.head is None:
        yield Finding(
            "unanswered",
            f"{answer.asked}: no answer ({one_line(answer.problem or '', 200)})",
            None,
            "an answer",
            "none",
        )
    elif answer.head.status >= 500 and answer.head.status != 501:
        yield Finding(
            "server-error", f"{answer.asked}: answered {answer.head.status}", None, "below 500", str(answer.head.status)
        )


@rule("HTTP017", Severity.ERROR, Kind.CONFORMANCE, f"{_RFC9112}#section-6.1", of=Http10)
def serves_http10(old: Http10) -> Iterator[Finding]:
    """An HTTP/1.0 client gets a stream it can read.

    What it does: makes the request over HTTP/1.0, as nginx does to its upstream by default, and looks whether the
    answer is chunked. "A server MUST NOT send a response containing Transfer-Encoding unless the corresponding request
    indicates HTTP/1.1".
    Why it matters: an HTTP/1.0 client reads the sizes of the chunks as a part of the body.
    Good: no Transfer-Encoding; the end of the connection ends the body. Bad: `Transfer-Encoding: chunked`.
    """
    if old.answer.head is None:
        yield Finding("unanswered", f"no answer ({one_line(old.answer.problem or '', 200)})", None, "a stream", "none")
    elif old.transfer_encoding is not None:
        shown = one_line(old.transfer_encoding, 60)
        yield Finding("transfer-encoding", "the answer to HTTP/1.0 has a Transfer-Encoding", None, "none", shown)
    elif old.stream is None:
        said = f"answered {old.answer.head.status} {old.answer.content_type}, not a stream"
        raise Inconclusive(f"over HTTP/1.0 the endpoint {said}")
    elif old.stream.ending is not Ending.COMPLETE:
        yield Finding(
            "not-complete",
            f"over HTTP/1.0 the stream ended as {old.stream.ending}",
            None,
            "complete",
            str(old.stream.ending),
        )
