"""Credentials are known by their names, and kept out of text, bytes and streams."""

import pytest

from sseprobe.redaction import Redactor, is_secret_name, redact_headers, redact_url, secrets_of_headers, secrets_of_url
from sseprobe.text import one_line


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "X-API-KEY",
        "x-goog-api-key",
        "token",
        "Client-Secret",
        "PASSWORD",
        "Set-Cookie",
        "signature",
        "sig",
    ],
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["Accept", "Content-Type", "page", "model", "X-Request-Id"])
def test_other_names(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/p", "http://h/p"),
        ("http://u:p@h:1/p", "http://***@h:1/p"),
        ("http://u@h", "http://***@h"),
        ("http://a@b@h/", "http://***@h/"),
        ("https://h/p?api_key=x&b=2&TOKEN=&sig", "https://h/p?api_key=***&b=2&TOKEN=***&sig"),
        ("https://h/?a%70i_key=x", "https://h/?a%70i_key=***"),
        ("https://h/#access_token=x&y=1", "https://h/#access_token=***&y=1"),
        ("http://[::1]:8000/p?key=1=2", "http://[::1]:8000/p?key=***"),
        ("localhost:8000/p?key=1", "localhost:8000/p?key=***"),
        ("/relative?token=1", "/relative?token=***"),
        ("", ""),
    ],
)
def test_urls(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_headers() -> None:
    headers = [("Authorization", "Bearer x"), ("Accept", "y"), ("Location", "http://u:p@h/?key=1")]
    assert redact_headers(headers) == [("Authorization", "***"), ("Accept", "y"), ("Location", "http://***@h/?key=***")]


def test_what_is_secret_in_a_request() -> None:
    assert {"u:p%40w", "p%40w", "u:p@w", "p@w", "k%20v", "k v"} <= set(
        secrets_of_url("http://u:p%40w@h/?key=k%20v&a=b")
    )
    assert "b" not in secrets_of_url("http://h/?a=b")
    assert secrets_of_headers([("Authorization", "Bearer abc"), ("Accept", "x")]) == ["Bearer abc", "abc"]


SECRET = 'sk-"quoted"-é-123'


def test_text_and_bytes() -> None:
    redact = Redactor([SECRET, "Bearer " + SECRET, "abc"])
    assert redact(f"a {SECRET} b Bearer {SECRET}.") == "a *** b ***."
    assert redact('in JSON: "sk-\\"quoted\\"-\\u00e9-123"') == 'in JSON: "***"'
    assert redact("abc is too short to be told from text") == "abc is too short to be told from text"
    raw = f"x {SECRET} y".encode()
    assert len(redact.raw(raw)) == len(raw)
    assert SECRET.encode() not in redact.raw(raw)
    assert Redactor()("anything") == "anything"
    assert Redactor().raw(b"anything") == b"anything"


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
def test_the_beginning_of_a_secret_is_held_back(cut: int) -> None:
    redact = Redactor([SECRET])
    assert redact.held_back(f"text {SECRET[:cut]}") >= cut
    assert redact.held_back("text") == 0


@pytest.mark.parametrize("cut", range(8, len(SECRET) - 1))
def test_a_secret_that_an_excerpt_cuts_off_is_masked(cut: int) -> None:
    redact = Redactor([SECRET])
    assert redact(one_line(f"key: {SECRET}", 6 + cut)) == "key: ***…"


def test_a_word_before_an_ellipsis_is_no_secret() -> None:
    redact = Redactor(["test-key-123456"])
    assert redact("a test… a test-key-") == "a test… a test-key-"
