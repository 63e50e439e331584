"""The error for an answer that is not a stream names what was asked, what came, and what to try."""

import pytest

from sseprobe.http_exchange import Head, Request
from sseprobe.probes.not_a_stream import not_a_stream
from sseprobe.sse.framing import Framing

URL = "http://127.0.0.1/v1/chat"
JSON = ("Content-Type", "application/json")


def error(status: int, body: bytes, *headers: tuple[str, str], method: str = "GET", url: str = URL) -> str:
    head = Head(status, "Reason", "1.1", list(headers), url, 0)
    return str(not_a_stream(head, body, Framing.SSE, Request(method, url, [])))


def test_a_404_names_the_paths_to_try() -> None:
    assert error(404, b'{"detail":"Not Found"}', JSON) == (
        'http://127.0.0.1/v1/chat answered 404 Reason (application/json: {"detail":"Not Found"}), not a stream. '
        "The server is up, but does not know this path. OpenAI-compatible servers use /v1/chat/completions; "
        "a FastAPI app lists its paths at /docs."
    )


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (error(401, b"no"), "--api-key-env VAR"),
        (error(405, b"", ("Allow", "POST")), "sseprobe sent GET, this path allows POST: give a body with -d"),
        (error(405, b"", method="POST"), "sseprobe sent POST, which this path does not allow"),
        (error(422, b'{"detail":[{"loc":["query","q"]}]}'), "parameters in the URL: ?q="),
        (error(429, b""), "try again later"),
        (error(302, b""), "no Location header"),
        (error(200, b'[{"candidates": []}]', url=f"{URL}?alt=sse"), "drops or rewrites the query"),
        (error(200, b'[{"candidates": []}]'), "Add it to the URL: ?alt=sse."),
        (error(200, b""), "Expected Content-Type text/event-stream."),
    ],
)
def test_advice(answer: str, advice: str) -> None:
    assert advice in answer
