"""Redirects, over lists of bytes: what is asked next, what goes along, and where it ends."""

import pytest

from sseprobe.errors import TargetError
from sseprobe.http_exchange import BodyEnd, Request
from sseprobe.net.open_stream import MAX_REDIRECTS
from sseprobe.units import NS_PER_S
from tests.support.network import GET, URL, Item, Network, Pause, receive, received
from tests.support.raw_server import HEAD, LAST_CHUNK, answer, transfer_chunk

BODY = b"data: a\n\n"
WIRE = transfer_chunk(BODY) + LAST_CHUNK
NOTHING = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def redirect(status: int, location: str) -> list[Item]:
    return [answer(f"{status} Moved", b"moved", Location=location)]


def followed(status: int, location: str, request: Request) -> tuple[bytes, Network]:
    """What the request to the place that is redirected to says."""
    network = Network(redirect(status, location), [HEAD, WIRE])
    got = receive(network, request)
    assert (got.body, got.body_end, len(got.redirects)) == (BODY, BodyEnd.LAST_CHUNK, 1)
    return network.sockets[1].sent, network


SECRET = Request(
    "POST",
    URL,
    [("Authorization", "Bearer s"), ("Cookie", "s"), ("X-Api-Key", "s"), ("Accept", "a/b"), ("Content-Type", "c/d")],
    b"{}",
)


@pytest.mark.parametrize(
    ("location", "same"),
    [
        ("/other", True),
        ("http://h.example:80/other", True),
        ("http://H.example/other", True),
        ("http://h.example:81/other", False),
        ("http://i.example/other", False),
        ("//i.example/other", False),
        ("http://h.example.evil/other", False),
    ],
)
def test_credentials_stay_within_an_origin(location: str, same: bool) -> None:
    sent, _ = followed(307, location, SECRET)
    assert [header in sent for header in (b"Bearer s", b"Cookie: s", b"X-Api-Key: s")] == [same] * 3
    assert b"Accept: a/b\r\nContent-Type: c/d\r\n" in sent
    assert sent.endswith(b"\r\n\r\n{}")


def test_the_address_of_a_redirect_is_connected_to_afresh() -> None:
    _, network = followed(302, "http://i.example:8080/x", GET)
    assert network.addresses == [("h.example", 80), ("i.example", 8080)]
    assert network.sockets[0].closed_by == ["close"]


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        *((status, "POST", "GET") for status in (301, 302, 303)),
        *((status, "POST", "POST") for status in (307, 308)),
        (303, "HEAD", "HEAD"),
        (303, "PUT", "GET"),
        (301, "PUT", "PUT"),
    ],
)
def test_what_becomes_of_a_method(status: int, method: str, becomes: str) -> None:
    network = Network(redirect(status, "/x"), [NOTHING])
    receive(network, Request(method, URL, [("Content-Type", "c/d")], b"body" if method != "HEAD" else None))
    sent = network.sockets[1].sent
    assert sent.startswith(f"{becomes} /x HTTP/1.1".encode())
    assert sent.endswith(b"\r\n\r\nbody") == (becomes in ("POST", "PUT"))
    assert (b"Content-Type" in sent) == (becomes == method)


def test_the_time_of_a_redirect_counts() -> None:
    network = Network([Pause(2), *redirect(302, "/x")], [Pause(3), HEAD, WIRE])
    got = receive(network)
    assert got.head.t_ns == 5 * NS_PER_S
    assert got.head.url == "http://h.example/x"
    assert {chunk.read.t_ns for chunk in got.chunks} == {5 * NS_PER_S}


@pytest.mark.parametrize("location", [None, ""])
def test_a_redirect_to_nowhere(location: str | None) -> None:
    if location is None:
        got = received(answer("302 Found", b"where?"))
        assert (got.head.status, got.body, got.redirects) == (302, b"where?", [])
    else:
        with pytest.raises(TargetError, match="redirect loop"):
            receive(Network(*[redirect(302, location)] * 2))


@pytest.mark.parametrize("location", ["ftp://x/", "http://h:99999/", "http://[::1", "javascript:alert(1)"])
def test_a_location_that_cannot_be_followed(location: str) -> None:
    with pytest.raises(TargetError, match="invalid Location"):
        received(*redirect(302, location))


def test_a_location_that_is_no_url() -> None:
    with pytest.raises(TargetError, match="redirects to http://xn--/"):
        receive(Network(redirect(302, "http://xn--/"), [HEAD]))


def test_redirects_in_a_circle_and_without_end() -> None:
    circle = Network(redirect(302, "/a"), redirect(302, "/b"), redirect(302, "/a"), [HEAD, WIRE])
    with pytest.raises(TargetError, match="redirect loop"):
        receive(circle)
    endless = Network(*(redirect(302, f"/{number}") for number in range(50)))
    with pytest.raises(TargetError, match="more than 10 redirects"):
        receive(endless)
    assert len(endless.sockets) == MAX_REDIRECTS + 1
    longest = Network(*(redirect(302, f"/{number}") for number in range(MAX_REDIRECTS)), [HEAD, WIRE])
    assert receive(longest).body == BODY


def test_a_post_that_is_redirected_to_itself_as_a_get_is_no_circle() -> None:
    assert receive(Network(redirect(303, "/chat"), [HEAD, WIRE]), Request("POST", URL, [], b"x")).body == BODY
