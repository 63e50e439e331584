"""Each wire rule is proven by a good and a bad body; its finding points at the offence."""

import json

import pytest

from sseprobe.probes.parse import parse_bytes, render
from sseprobe.rules import run, wire_rules
from sseprobe.rules.base import MAX_FINDINGS
from sseprobe.streams.transcript import transcribe
from tests.support.cli import Cli

GOOD = b"data: a\n\n"
# id -> (bad body, span of the first finding, a good body that comes close)
PROOF: dict[str, tuple[bytes, tuple[int, int], bytes]] = {
    "SSE001": (b"data: a\xffb\n\n", (7, 8), "data: é\n\n".encode()),
    "SSE002": (b"\xef\xbb\xbfdata: a\n\n", (0, 3), GOOD),
    "SSE003": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", (9, 19), b"data: \xef\xbb\xbfb\n\n"),
    "SSE004": (b"data: a\r\rdata: b\n\n", (0, 9), b"data: a\r\n\r\n"),
    "SSE005": (b"data: a\n\ndata: b\r\n\r\n", (9, 20), GOOD),
    "SSE006": (b"data: a\r\n\r\n", (0, 11), GOOD),
    "SSE007": (b"data: a\n\ndata: b\n", (9, 17), b"data: a\n\n: bye\n"),
    "SSE008": (b'data: a\n{"b":1}\n\n', (8, 15), b"data: a\nfoo: 1\n\n"),
    "SSE009": (b"data: a\nfoo: 1\n\n", (8, 14), GOOD),
    "SSE010": (b"data:a\n\n", (0, 5), b"data:\n\ndata: a\n\n"),
    "SSE011": (b"id: 1\0\ndata: a\n\n", (0, 6), b"id: 1\ndata: \0\n\n"),
    "SSE012": (b"retry: 1s\ndata: a\n\n", (0, 9), b"retry: 1000\ndata: a\n\n"),
    "SSE013": (b"id: 1\n\n", (0, 7), b"id: 1\ndata: a\n\n"),
    "SSE014": (b": hi\ndata: a\n\n", (0, 4), GOOD),
    "SSE015": (b"data: " + b"x" * 140_000 + b"\n\n", (0, 140_008), b"data: " + b"x" * 130_000 + b"\n\n"),
    "SSE016": ("data: a\u2028b\n\n".encode(), (0, 13), b"data: a b\n\n"),
    "SSE017": (b"data: a\ndata: b\n\n", (0, 17), GOOD),
    "SSE018": (b"event: x \ndata: a\n\n", (0, 19), b"event: x\ndata: a\n\n"),
}
RULES = {rule.id: rule for rule in wire_rules()}


def test_every_rule_points_at_the_offence() -> None:
    # SSE019 is about the end of a stream, which bare bytes do not have.
    assert PROOF.keys() == RULES.keys() - {"SSE019"}


@pytest.mark.parametrize("name", PROOF)
def test_bad_and_good(name: str) -> None:
    bad, span, good = PROOF[name]
    findings = [finding for _, finding in run([RULES[name]], transcribe(bad))]
    assert findings
    assert findings[0].span == span
    assert findings[0].message
    assert list(run([RULES[name]], transcribe(good))) == []


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"retry: 5\nid: 1\n\n\n", b"\xff" * 50, b"data\r\r\r", b"\xef\xbb\xbf\xef\xbb\xbf:"]
)
def test_rules_are_total(body: bytes) -> None:
    list(run(list(RULES.values()), transcribe(body)))


def test_too_short_retry() -> None:
    assert [f.message for _, f in run([RULES["SSE012"]], transcribe(b"retry: 5\ndata: a\n\n"))] == [
        "the reconnection time is 5 ms"
    ]


def test_keep_alives_after_an_id() -> None:
    body = b"id: 1\ndata: a\n\n: ping\n\n"
    assert [finding.span for _, finding in run([RULES["SSE013"]], transcribe(body))] == [(15, 23)]


def test_findings_are_bounded() -> None:
    assert len(list(run([RULES["SSE009"]], transcribe(b"foo\n" * 1000)))) == MAX_FINDINGS


def test_the_contracts_object() -> None:
    told = json.loads(render(parse_bytes("f", b"retry: 10\nid: 7\nevent: e\ndata: x\n\n: c\n\ndata: pend"), "json"))
    assert {key: told[key] for key in told if key != "findings"} == {
        "file": "f",
        "events": [{"type": "e", "data": "x", "last_event_id": "7", "span": [0, 34]}],
        "comments": 1,
        "retry_ms": 10,
        "last_event_id": "7",
        "tail_bytes": 10,
        "framing": "sse",
    }
    assert {
        "rule": "SSE007",
        "key": "SSE007/ends-inside-event",
        "severity": "error",
        "message": "the stream ends inside an event",
        "span": [39, 49],
    } in told["findings"]


def test_parse_on_the_command_line(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bodies")
    (folder / "good").write_bytes(GOOD)
    (folder / "bad").write_bytes(b"data: \x1b[31m\n\ndata: b")
    files = [str(folder / "good"), str(folder / "bad"), "-"]
    result = cli.process("parse", *files, "--report", "json", stdin=GOOD)
    assert [json.loads(line)["file"] for line in result.out.splitlines()] == files
    assert result.code == 1
    assert cli("parse", files[0]).code == 0
    people = cli("parse", files[1])
    assert people.code == 1
    assert "\x1b" not in people.out
    assert "SSE007 error" in people.out
    assert cli("parse", str(folder / "missing")).code == 2
    assert cli("parse").code == 2
    assert cli.process("parse", "-", stdin=b"").code == 0
    path = str(folder / "report.json")
    assert cli("parse", files[0], "--report", f"json:{path}").out == ""
    assert json.loads((folder / "report.json").read_text())["comments"] == 0
