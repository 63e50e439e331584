"""A running mock, and its truth."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.support.raw_server import LINGER_0


class Mock:
    """Where a mock listens."""

    def __init__(self, url: str, truth_url: str) -> None:
        self.url = url
        self.truth_url = truth_url

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """GET: status, headers in lower case, body. Header names are written with underscores for hyphens."""
        return self._ask(urllib.request.Request(self.url + path), headers)

    def post(self, body: Any, query: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """POST to the chat completions: status, headers, body."""
        return self.ask(f"/v1/chat/completions{query}", body, **headers)

    def ask(self, path: str, body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """POST to any path: status, headers, body."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._ask(urllib.request.Request(self.url + path, data), headers)

    def _ask(self, request: urllib.request.Request, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, _lower(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read()

    def truth(self, name: str) -> dict[str, Any]:
        """One record."""
        with urllib.request.urlopen(f"{self.truth_url}/{name}", timeout=10) as answer:
            loaded: dict[str, Any] = json.loads(answer.read())
            return loaded

    def truths(self) -> list[dict[str, Any]]:
        """All records, oldest first."""
        with urllib.request.urlopen(self.truth_url, timeout=10) as answer:
            loaded: list[dict[str, Any]] = json.loads(answer.read())
            return loaded

    def truth_when(self, name: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The record as soon as it is so; fails after 20 s."""
        deadline = time.monotonic() + 20
        while True:
            record = self.truth(name)
            if condition(record):
                return record
            assert time.monotonic() < deadline, record

    def open(self, body: dict[str, Any], path: str = "/v1/chat/completions") -> "RawStream":
        """A stream on a bare socket."""
        return RawStream(self.url, body, path)


class RawStream:
    """One request on a bare socket, to leave in every way."""

    def __init__(self, url: str, body: dict[str, Any], path: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30)
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        self.socket.sendall(head.encode() + data)
        self.received = b""

    def until(self, wanted: bytes) -> bytes:
        """Reads until this has come, or the end."""
        while wanted not in self.received:
            piece = self.socket.recv(65536)
            if not piece:
                break
            self.received += piece
        return self.received

    @property
    def name(self) -> str:
        """The record's id, from the head."""
        self.until(b"\r\n\r\n")
        head = self.received.decode("latin-1").lower()
        return head.partition("x-mock-id: ")[2].partition("\r\n")[0]

    def leave(self, how: str) -> None:
        """`fin` or `rst`."""
        if how == "rst":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        else:
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
