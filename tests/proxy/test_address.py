"""The one server that a proxy forwards to."""

import pytest

from sseprobe.errors import UsageError
from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.fault import RequestHead


@pytest.mark.parametrize(
    ("url", "expected", "port"),
    [
        ("http://h:8000", "http://h:8000", 8000),
        ("h:8000", "http://h:8000", 8000),
        ("http://H/", "http://h", 80),
        ("https://h", "https://h", 443),
        ("http://[::1]:9", "http://[::1]:9", 9),
    ],
)
def test_where_it_is(url: str, expected: str, port: int) -> None:
    address = UpstreamAddress(url)
    assert (address.url, address.connection["port"]) == (expected, port)
    assert (address.connection["ssl"] is not None) == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    ["", "http://", "ftp://h", "http://h:x", "http://h/path", "http://h?q=1", "http://me:pass-word@h", "http://[h"],
)
def test_what_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        UpstreamAddress(url)
    assert "Expected" in str(refused.value) or "Give the upstream alone" in str(refused.value)
    assert "pass-word" not in str(refused.value)


def test_a_request_is_made_one_for_it() -> None:
    head = RequestHead([(b"hOST", b"proxy:1"), (b"X", b"y"), (b"Host", b"other")], b"GET", b"/")
    UpstreamAddress("http://h:8000").address(head)
    assert [value for name, value in head.headers if name.lower() == b"host"] == [b"h:8000"]
