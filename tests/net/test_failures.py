"""Every way in which no answer came has its sentence; an error that nobody foresaw is not hidden in one."""

import socket
import ssl

import httpcore
import pytest

from sseprobe.errors import TargetError, UsageError
from sseprobe.net.failures import explain, in_words
from sseprobe.net.wire import TlsTimeout, TotalTimeout

URL = "https://user:hunter2@h.example/chat"
CLOSED = "Server disconnected without sending a response."


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self-signed certificate"
    return error


def handshake_error() -> ssl.SSLError:
    error = ssl.SSLError(1, "failed")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the host name has no address (Name or service not known)"),
        (certificate_error(), "its certificate is not trusted (self-signed certificate). Name the right authority"),
        (handshake_error(), "the TLS handshake failed (WRONG_VERSION_NUMBER)"),
        (ConnectionRefusedError(), "connection refused"),
        (FileNotFoundError(2, "No such file"), "there is no such socket (No such file)"),
        (TlsTimeout(), "connected, but the TLS handshake got no answer within 4 s"),
        (httpcore.ConnectTimeout(), "no connection within 4 s"),
        (httpcore.ReadTimeout(), "connected, but no answer within 4 s"),
        (httpcore.WriteTimeout(), "connected, but no answer within 4 s"),
        (TotalTimeout(), "connected, but no answer within 4 s"),
        (TimeoutError(), "connected, but no answer within 4 s"),
        (httpcore.ProxyError("407 Who\x1b"), "the proxy refused to connect (407 Who"),
        (httpcore.RemoteProtocolError(CLOSED), "closed the connection without an answer"),
        (
            httpcore.RemoteProtocolError("illegal status line: bytearray(b'SSH-2.0')"),
            "(illegal status line: 'SSH-2.0')",
        ),
        (httpcore.LocalProtocolError("x"), "the answer is not HTTP (x)"),
        (httpcore.ReadError("x"), "the connection was reset before an answer came (x)"),
        (httpcore.WriteError("x"), "the connection was reset before an answer came (x)"),
        (ConnectionResetError(104, "x"), "the connection was reset before an answer came"),
        (OSError(113, "No route to host"), "could not connect (No route to host)"),
        (OSError("odd"), "could not connect (odd)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_said(error: Exception, says: str) -> None:
    explained = explain(error, URL, limit_s=4)
    assert isinstance(explained, TargetError)
    assert says in str(explained)
    assert str(explained).startswith("https://")
    assert "hunter2" not in str(explained)
    assert "\x1b" not in str(explained)


def test_some_of_an_answer_came() -> None:
    error = httpcore.RemoteProtocolError(CLOSED)
    assert "before the head of its answer was complete" in str(explain(error, URL, answered=True))


def test_a_proxy_is_named_without_its_credentials() -> None:
    said = str(explain(ConnectionRefusedError(), URL, proxy="http://user:hunter2@p.example:1"))
    assert "through the proxy http://" in said
    assert "p.example:1: connection refused" in said
    assert "hunter2" not in said


def test_our_own_errors_stay_what_they_are() -> None:
    error = UsageError("x")
    assert explain(error, URL) is error


def test_an_error_that_nobody_foresaw_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        explain(ZeroDivisionError(), URL)


def test_a_librarys_words_are_one_line() -> None:
    assert in_words(ValueError("a\nb bytearray(b'c')")).count("\n") == 0
    assert "'c'" in in_words(ValueError("bytearray(b'c')"))
    assert "bytearray" not in in_words(ValueError("bytearray(b'c')"))
