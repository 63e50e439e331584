"""Family HTTP: the mock's head, with one header changed."""

from collections.abc import Callable

from sseprobe.http_exchange import BodyEnd
from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Headers, Take, drop

GOOD = Take()


def without(name: str) -> Callable[[Headers], Headers]:
    """The headers without one."""
    return lambda headers: [header for header in headers if header[0].lower() != name]


def having(name: str, value: str) -> Callable[[Headers], Headers]:
    """The headers with one set."""
    return lambda headers: [*without(name)(headers), (name, value)]


PROOFS = {
    "HTTP001": Proof(GOOD, Take(status=503), "status 503"),
    "HTTP002": Proof(GOOD, Take(headers=having("content-type", "text/plain")), "Content-Type is text/plain"),
    "HTTP003": Proof(
        GOOD,
        Take(headers=having("content-type", "text/event-stream; charset=iso-8859-1")),
        "the charset is iso-8859-1",
    ),
    "HTTP004": Proof(
        GOOD, Take(headers=having("cache-control", "public, max-age=60")), "Cache-Control allows caching the stream"
    ),
    "HTTP005": Proof(GOOD, Take(headers=without("x-accel-buffering")), "X-Accel-Buffering is not set to no"),
    "HTTP006": Proof(GOOD, Take(headers=having("content-encoding", "gzip")), "Content-Encoding is gzip"),
    "HTTP007": Proof(GOOD, Take(headers=having("content-length", "4711")), "has a Content-Length"),
    "HTTP008": Proof(Take("openai-chat"), Take("openai-chat", f"{QUICK},fault=cut@2"), "without HTTP's last chunk"),
    "HTTP009": Proof(
        GOOD,
        Take(headers=without("transfer-encoding"), end=BodyEnd.CLOSE),
        "only the closed connection marks the end of the body",
    ),
    "HTTP010": Proof(
        Take("openai-chat"), Take("openai-chat", f"{QUICK},fault=error@0", edit=drop(0)), "the first event is an error"
    ),
    "HTTP012": Proof(
        Take(asking=(("Origin", "https://a.example"),), headers=having("access-control-allow-origin", "*")),
        Take(asking=(("Origin", "https://a.example"),)),
        "Access-Control-Allow-Origin does not allow the request's Origin",
    ),
    "HTTP013": Proof(
        Take("vercel-ui"),
        Take("vercel-ui", headers=without("x-vercel-ai-ui-message-stream")),
        "x-vercel-ai-ui-message-stream is not v1",
    ),
    "HTTP014": Proof(GOOD, Take(headers=without("x-mock-id")), "no header has a request id"),
}
