"""Streams as servers in the field send them, served over a socket: what `stream`, `check` and `parse` must say.

To add one: its body in `tests/data/wire/NAME.body`, and beside it `NAME.json`: how it is served, who reported it, and
what is right by command. `exit` and `ending`: any of those; `says`: all of these stand in what the command prints, in
capitals or not, the address aside; `says_one_of`, `never_says` likewise; `no_finding_above`: the worst severity.
"""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Result
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, transfer_chunk

Serve = Callable[..., RawServer]

DATA = Path(__file__).parents[1] / "data" / "wire"
CASES = sorted(path.stem for path in DATA.glob("*.json"))
SEVERITIES = ["info", "warning", "error"]
OF_A_STREAM = {"ending", "text", "reasoning", "tokens", "error", "tool_calls"}


def load(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return {**case, "body": (DATA / f"{name}.body").read_bytes()}


def pieces(body: bytes) -> list[bytes]:
    """Event by event, or line by line where there is no blank line."""
    end = rb"\r?\n\r?\n" if re.search(rb"\n\r?\n", body) else rb"\n"
    ends = [0, *(match.end() for match in re.finditer(end, body)), len(body)]
    return [body[start:stop] for start, stop in itertools.pairwise(ends) if stop > start]


def sender(case: dict[str, Any]) -> Any:
    """Serves it chunked."""
    headers = {"Content-Type": case["content_type"], "Transfer-Encoding": "chunked", **case.get("headers", {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def send(peer: Peer) -> None:
        peer.send(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())
        for piece in pieces(case["body"]):
            peer.send(transfer_chunk(piece))
        peer.send(LAST_CHUNK)

    return send


def assert_says(done: Result, url: str, right: dict[str, Any]) -> None:
    said = (done.out + done.err).replace(url, "").lower()
    assert done.code in right["exit"], done
    for each in right.get("says", []):
        assert each.lower() in said, done
    for each in right.get("never_says", []):
        assert each.lower() not in said, done
    if "says_one_of" in right:
        assert any(each.lower() in said for each in right["says_one_of"]), done


@pytest.mark.parametrize("name", CASES)
def test_a_reported_stream(name: str, cli: Cli, serve: Serve, tmp_path: Path) -> None:
    case = load(name)
    url = serve(sender(case)).url + case["path"]
    words = [url, "-d", '{"stream": true, "messages": []}'] if case.get("method", "POST") == "POST" else [url]
    words += ["--dialect", case["dialect"]] if "dialect" in case else []
    for command, right in case["right"].items():
        report = tmp_path / "report.json"
        if command == "parse":
            done = cli("parse", str(DATA / f"{name}.body"))
        else:
            more = ["--repeat", "1"] if command == "check" else []
            done = cli(command, *words, *more, "--report", f"json:{report}", "--report", "terminal")
        assert_says(done, url, right)
        if command == "stream" and report.exists():
            assert_stream(json.loads(report.read_text()), right, done, url)
        if "no_finding_above" in right and command == "check":
            worst = SEVERITIES.index(right["no_finding_above"])
            results = json.loads(report.read_text())["results"]
            failed = {each["rule"]: each["severity"] for each in results if each["verdict"] == "fail"}
            assert not [rule for rule, severity in failed.items() if SEVERITIES.index(severity) > worst], failed


def assert_stream(report: dict[str, Any], right: dict[str, Any], done: Result, url: str) -> None:
    if not report["streams"]:
        assert not OF_A_STREAM & right.keys(), done
        return
    [stream] = report["streams"]
    assert stream["ending"] in right.get("ending", [stream["ending"]])
    assert stream["text"] == right.get("text", stream["text"])
    assert stream["reasoning"] == right.get("reasoning", stream["reasoning"])
    assert stream["metrics"]["tokens"] == right.get("tokens", stream["metrics"]["tokens"])
    if "error" in right:
        assert right["error"] in json.dumps(stream["error"])
    if "tool_calls" in right:
        calls = [[call["name"], call["arguments"]] for call in stream["tool_calls"]]
        assert calls == right["tool_calls"]
    if stream["ending"] == "complete":
        said = (done.out + done.err).replace(url, "").lower()
        assert all(each in said for each in right.get("if_complete_says", []))
