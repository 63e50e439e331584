"""Which proxy a request takes, and how certificates are checked."""

import ssl
from pathlib import Path

import msgspec
import pytest

from sseprobe.config.options.connection import ConnectOptions, proxy_for, verification
from sseprobe.errors import UsageError

PROXY = "http://proxy.example:3128"
URL = "http://h.example:8080/"
ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        (URL, {}, None),
        (URL, {"http_proxy": PROXY}, PROXY),
        ("https://h.example/", {"HTTP_PROXY": PROXY}, None),
        ("https://h.example/", {"HTTPS_PROXY": PROXY}, PROXY),
        (URL, {"ALL_PROXY": PROXY}, PROXY),
        (URL, {"http_proxy": "http://first", "ALL_PROXY": PROXY}, "http://first"),
        (URL, {"http_proxy": "proxy.example:3128"}, PROXY),
        (URL, {"http_proxy": PROXY, "NO_PROXY": "h.example"}, None),
        (URL, {"http_proxy": PROXY, "NO_PROXY": "h.example:8080"}, None),
        (URL, {"http_proxy": PROXY, "NO_PROXY": "i.example"}, PROXY),
        (URL, {"http_proxy": PROXY, "NO_PROXY": "*"}, None),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url, ConnectOptions()) == proxy
    assert proxy_for(url, ConnectOptions(use_environment=False)) is None
    assert proxy_for(url, ConnectOptions(unix_socket="/s")) is None
    assert proxy_for(url, ConnectOptions(proxy_url="http://given")) == "http://given"


@pytest.mark.parametrize("proxy", ["socks5://h", "http://", "http://[::1", "ftp://h"])
def test_what_is_no_http_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    with pytest.raises(UsageError, match="--proxy: not the URL of an HTTP proxy"):
        proxy_for(URL, ConnectOptions(proxy_url=proxy))
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(UsageError, match="from the environment"):
        proxy_for(URL, ConnectOptions())


def test_certificates_are_checked_unless_told_otherwise(tmp_path: Path) -> None:
    strict = verification(ConnectOptions())
    assert (strict.check_hostname, strict.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert not strict.options & getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    loose = verification(ConnectOptions(insecure=True))
    assert (loose.check_hostname, loose.verify_mode) == (False, ssl.CERT_NONE)
    for content in (None, "no certificate"):
        path = tmp_path / "ca.pem"
        if content:
            path.write_text(content)
        with pytest.raises(UsageError, match="cannot be read as PEM"):
            verification(msgspec.structs.replace(ConnectOptions(), ca_file=str(path)))
