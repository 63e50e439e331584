"""The truth: what the mock really did, kept on the generating side, for whoever wants to check a verdict."""

import itertools
import json
import threading
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from msgspec import Struct

MAX_RECORDS: Final = 10_000

State = Literal["running", "completed", "stopped", "failed"]


class Record(Struct):
    """One generation. Times are milliseconds since the request arrived, None for what did not happen."""

    id: str
    dialect: str
    planned_tokens: int
    arrived_s: float
    generated_tokens: int = 0
    sent_tokens: int = 0
    disconnected_at_ms: float | None = None
    stopped_at_ms: float | None = None
    state: State = "running"
    generated_at_disconnect: int = 0
    is_called_off: bool = False
    """The parent process has stopped all generation."""

    def elapsed_ms(self) -> float:
        """Milliseconds since the request arrived."""
        return round((time.monotonic() - self.arrived_s) * 1000, 3)

    def disconnected(self) -> None:
        if self.disconnected_at_ms is None and self.state == "running":
            self.disconnected_at_ms = self.elapsed_ms()
            self.generated_at_disconnect = self.generated_tokens

    def ended(self, state: State) -> None:
        """Generation is over, and cleaned up. Only the first call counts."""
        if self.state == "running":
            self.state = state
            self.stopped_at_ms = self.elapsed_ms()

    def as_json(self) -> dict[str, Any]:
        """The record as `/_truth` shows it."""
        left = self.disconnected_at_ms is not None
        return {
            "id": self.id,
            "dialect": self.dialect,
            "planned_tokens": self.planned_tokens,
            "generated_tokens": self.generated_tokens,
            "sent_tokens": self.sent_tokens,
            "disconnected_at_ms": self.disconnected_at_ms,
            "stopped_at_ms": self.stopped_at_ms,
            "state": self.state,
            "tokens_after_disconnect": self.generated_tokens - self.generated_at_disconnect if left else 0,
        }


class TruthStore:
    """The last 10,000 records. Records are changed by the server's thread and may be read by any."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._numbers = itertools.count(1)

    def new(self, dialect: str, planned_tokens: int) -> Record:
        """A record for a request that has arrived now."""
        record = Record(f"m{next(self._numbers)}", dialect, planned_tokens, time.monotonic())
        self._records[record.id] = record
        if len(self._records) > MAX_RECORDS:
            self._records.popitem(last=False)
        return record

    def call_off(self) -> None:
        """Has all that runs come to its end."""
        for record in list(self._records.values()):
            if record.state == "running":
                record.is_called_off = True

    def answer(self, target: str) -> tuple[int, Any]:
        """`/_truth` or `/_truth/{id}` -> status and JSON.

        `/_truth?after={id}`: only newer records, each with its age in `age_ms`, which tells when its times were.
        """
        path, _, query = target.partition("?")
        name = path.removeprefix("/_truth").strip("/")
        if not name:
            after = parse_qs(query, keep_blank_values=True).get("after")
            if after is None:
                return 200, [record.as_json() for record in list(self._records.values())]
            return 200, [{**record.as_json(), "age_ms": record.elapsed_ms()} for record in self._newer(after[-1])]
        record = self._records.get(name)
        if record is None:
            return 404, {"error": {"message": f"no record {name}; GET /_truth lists them", "type": "not_found"}}
        return 200, record.as_json()

    def _newer(self, name: str) -> list[Record]:
        newer = []
        for record in reversed(list(self._records.values())):
            if record.id == name:
                break
            newer.append(record)
        return newer[::-1]


def serve_in_thread(store: TruthStore, host: str, port: int) -> int:
    """Serves the truth from a thread of its own, since some apps freeze the loop. Returns the port. Raises OSError."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.startswith("/_truth")
            status, answer = store.answer(self.path) if known else (404, {"error": {"message": "try /_truth"}})
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="truth").start()
    return int(server.server_address[1])
