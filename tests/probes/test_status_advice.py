"""What to try where an answer is no stream: one hint, the one that fits."""

import pytest
from sseprobe.probes.status_advice import advice_for

from sseprobe.http_exchange import Head, Request

POST = Request("POST", "http://h/x", [], b"{}")
GET = Request("GET", "http://h/x", [])


def advised(status: int, body: bytes = b"", request: Request = GET, kind: str = "", allow: str = "") -> str | None:
    headers = [("Content-Type", kind), ("Allow", allow)]
    return advice_for(Head(status, "", "1.1", headers, request.url, 0), body, request)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (advised(401), "--api-key-env"),
        (advised(403), "--api-key-env"),
        (advised(404), "/v1/chat/completions"),
        (advised(405, request=GET, allow="POST"), "-d"),
        (advised(405, request=GET, allow="PUT"), "-X"),
        (advised(405, request=POST), "-X GET"),
        (advised(405, request=GET), "-d"),
        (advised(422, b'{"detail":[{"loc":["body","message"]}]}', POST), '{"message": "…"}'),
        (advised(422, b'{"detail":[{"loc":["query","q"]}]}'), "?q=…"),
        (advised(422, b'{"detail":[{"loc":["body"]}]}'), "-d"),
        (advised(400, b"no"), "--data"),
        (advised(429), "later"),
        (advised(503), "log"),
        (advised(500), "log"),
        (advised(302), "redirect"),
        (advised(204), "204"),
        (advised(200, b"<html>", kind="text/html"), "web page"),
        (advised(200, b'[{"candidates": []}]'), "alt=sse"),
        (advised(200, b'{"a": 1}'), "ndjson"),
        (advised(200, b"hello", kind="text/plain"), "--framing text"),
    ],
)
def test_the_hint_that_fits(said: str | None, word: str) -> None:
    assert said is not None
    assert word in said


def test_no_hint_is_better_than_a_wrong_one() -> None:
    assert advised(200) is None


def test_names_from_the_server_are_shortened_to_one_line() -> None:
    said = advised(422, b'{"detail":[{"loc":["body","a\\n\\u001b[31m%s"]}]}' % (b"x" * 500), POST)
    assert said is not None
    assert "\x1b" not in said
    assert "\n" not in said
    assert len(said) < 200
