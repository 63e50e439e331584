"""A client that knows nothing of LLMs: bytes from a socket, how they ended, and the simplest reading of them."""

import json
import socket
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_TIMEOUT_S = 30
_LAST_CHUNK = b"0\r\n\r\n"


class Answer(NamedTuple):
    """What came. `clean`: the body ended as HTTP says it does; `ends`: by what; `arrivals`: (seconds since the head,
    bytes) of each read of the body."""

    status: int
    headers: dict[str, str]
    body: bytes
    clean: bool
    ends: str
    arrivals: list[tuple[float, int]]

    @property
    def content_type(self) -> str:
        """Without parameters; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def spread_s(self) -> float:
        """From the first byte of the body to the last."""
        return self.arrivals[-1][0] - self.arrivals[0][0] if self.arrivals else 0.0


def ask(url: str, body: Any = None, *, method: str | None = None, headers: dict[str, str] | None = None) -> Answer:
    """One request, and all that comes for it."""
    parts = urlsplit(url)
    content = b"" if body is None else json.dumps(body).encode()
    named = {"Host": parts.netloc, "Connection": "close", **(headers or {})}
    if body is not None:
        named.update({"Content-Type": "application/json", "Content-Length": str(len(content))})
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method or ('GET' if body is None else 'POST')} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in named.items()]
    with socket.create_connection((parts.hostname or "", parts.port or 80), _TIMEOUT_S) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        return _received(connection)


def _received(connection: socket.socket) -> Answer:
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        assert piece, f"no head came: {got!r}"
        got += piece
    head, _, rest = got.partition(b"\r\n\r\n")
    started = time.monotonic()
    status_line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    arrivals = [(0.0, len(rest))] if rest else []
    chunked = headers.get("transfer-encoding", "").lower() == "chunked"
    ends = "close"
    try:
        # Some keep the connection open whatever they are asked.
        while not (chunked and rest.endswith(_LAST_CHUNK)) and (piece := connection.recv(65536)):
            arrivals.append((time.monotonic() - started, len(piece)))
            rest += piece
    except ConnectionResetError:
        ends = "reset"
    status = int(status_line.split()[1])
    if chunked:
        body, clean = _dechunked(rest)
        return Answer(status, headers, body, clean, "chunk" if clean else ends, arrivals)
    if "content-length" in headers:
        return Answer(status, headers, rest, len(rest) == int(headers["content-length"]), "length", arrivals)
    return Answer(status, headers, rest, ends == "close", ends, arrivals)


def _dechunked(data: bytes) -> tuple[bytes, bool]:
    body = b""
    while b"\r\n" in data:
        size, _, data = data.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            return body, True
        body += data[:length]
        if len(data) < length + 2:
            break
        data = data[length + 2 :]
    return body, False


class Event(NamedTuple):
    """An event's name, empty if it has none, and its data."""

    name: str
    data: str


def events_of(body: bytes) -> list[Event]:
    """An event stream, read by the letter of the specification, without ids."""
    found: list[Event] = []
    name = ""
    data: list[str] = []
    for line in body.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        if not line:
            if data:
                found.append(Event(name, "\n".join(data)))
            name, data = "", []
        field, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event" and colon:
            name = value
        elif field == "data":
            data.append(value)
    return found


def lines_of(body: bytes) -> list[Event]:
    """Lines as events."""
    return [Event("", line) for line in body.decode().split("\n") if line]


def at(pointer: str, data: str) -> object:
    """What a JSON pointer finds, None if nothing."""
    try:
        value: Any = json.loads(data)
        for step in pointer.split("/")[1:]:
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    found: object = value
    return found


def holds_in_order(text: str, pieces: list[str]) -> bool:
    """Whether the text is made of some of these pieces, in their order."""
    position = 0
    for piece in pieces:
        if piece and text.startswith(piece, position):
            position += len(piece)
    return position == len(text)
