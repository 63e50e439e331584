"""Witnesses without a stream: files that rotate, counters that fall, hostile documents, commands, processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import Request
from sseprobe.witnesses import by_spec
from sseprobe.witnesses.base import Context, Witness, WitnessError
from tests.support.raw_server import Peer, RawServer, answer

CONTEXT = Context("http://127.0.0.1:9/", None, Request("GET", "http://127.0.0.1:9/", []), None, ConnectOptions(), 5.0)


def log(path: Path) -> Witness:
    return by_spec(f"log:{path}:tok[e]n", CONTEXT)


def test_only_what_is_appended_counts(tmp_path: Path) -> None:
    path = tmp_path / "a:b.log"  # a colon in the name
    path.write_text("token\n" * 5)
    witness = log(path)
    assert witness.sample().work == 0
    with path.open("a") as file:
        file.write("token\nnoise\ntok")
        file.flush()
        assert witness.sample().work == 1
        file.write("en\n")
    assert witness.sample().work == 2
    path.rename(tmp_path / "old.log")
    path.write_text("token\n")
    assert witness.sample().work == 3
    path.write_text("")
    assert witness.sample().work == 3
    path.write_text("token\n")
    assert witness.sample().work == 4
    path.unlink()
    with pytest.raises(WitnessError, match="cannot be read"):
        witness.sample()
    witness.close()


def test_what_a_slot_forgets_is_not_lost() -> None:
    answers: list[Any] = [
        [{"id": 0, "id_task": 7, "is_processing": True, "next_token": [{"n_decoded": 5}]}],
        [{"id": 0, "id_task": 7, "is_processing": True, "next_token": {"n_decoded": 9}}],
        [{"id": 0, "id_task": 7, "is_processing": False, "next_token": [{"n_decoded": 0}]}],
        [{"id": 0, "id_task": 8, "is_processing": True, "next_token": [{"n_decoded": 2}]}, {"id": 1}],
    ]

    def script(peer: Peer) -> None:
        assert peer.path == "/slots"
        peer.send(answer("200 OK", json.dumps(answers.pop(0)).encode(), Content_Type="application/json"))

    with RawServer(script) as server:
        witness = by_spec(f"llamacpp-slots:{server.url}", CONTEXT)
        seen = [witness.sample() for _ in range(4)]
        witness.close()
    assert [(reading.work, reading.running) for reading in seen] == [(5, 1), (9, 1), (9, 0), (11, 1)]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'# TYPE x counter\nx_total{a="1"} 2\nx_total{a="2"} 3\n# TYPE y gauge\ny 1\n', "text/plain; version=0.0.4"),
        (
            b'# TYPE x counter\nx_total{a="1"} 2\nx_total{a="2"} 3\n# TYPE y gauge\ny 1\n# EOF\n',
            "application/openmetrics-text; version=1.0.0",
        ),
    ],
)
def test_both_formats_of_metrics(body: bytes, content_type: str) -> None:
    with RawServer(lambda peer: peer.send(answer("200 OK", body, Content_Type=content_type))) as server:
        witness = by_spec(f"prometheus:{server.url}/metrics#counter=x&gauge=y", CONTEXT)
        reading = witness.sample()
        witness.close()
    assert (reading.work, reading.running) == (5, 1)


@pytest.mark.parametrize("spec", ["http-json:{url}/#/n", "llamacpp-slots:{url}", "mock:{url}"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"n": "\xff"}',
        b"[" * 100_000,
        b'{"n": 1e999}',
        b'{"n": 1%s}' % (b"0" * 400),
        b'[{"id": "0", "generated_tokens": 1%s, "state": "running", "next_token": 1}]' % (b"0" * 400),
        b'[{"id": "0", "generated_tokens": 1, "state": "stopped", "stopped_at_ms": 1e308}]',
    ],
    ids=["empty", "html", "not-utf-8", "deep", "infinite", "huge", "huge-count", "huge-time"],
)
def test_hostile_json_is_no_evidence(spec: str, body: bytes) -> None:
    with RawServer(lambda peer: peer.send(answer("200 OK", body, Content_Type="application/json"))) as server:
        witness = by_spec(spec.format(url=server.url), CONTEXT)
        for _ in range(2):
            with pytest.raises(WitnessError):
                witness.sample()
        witness.close()


def test_a_record_that_was_told_slowly_says_how_far_off_its_times_may_be() -> None:
    begun_ns = time.monotonic_ns()
    slow = [True]

    def script(peer: Peer) -> None:
        if "after=" not in peer.path:
            peer.send(answer("200 OK", b"[]", Content_Type="application/json"))
            return
        age_ms = (time.monotonic_ns() - begun_ns) / 1e6
        record = {"id": "1", "generated_tokens": 9, "state": "stopped", "stopped_at_ms": 0.5, "age_ms": age_ms}
        if slow.pop() if slow else False:
            time.sleep(0.4)  # the answer is late: its record is older than it looks
        peer.send(answer("200 OK", json.dumps([record]).encode(), Content_Type="application/json"))

    with RawServer(script) as server:
        witness = by_spec(f"mock:{server.url}", CONTEXT)
        witness.sample()
        late, prompt = ((witness.sample().calls or ())[0] for _ in range(2))
        witness.close()
    for call in (late, prompt):
        assert abs(call.arrived_ns - begun_ns) <= call.clock_error_ns
        assert call.ended_ns == pytest.approx(call.arrived_ns + 500_000, abs=1)
    assert late.clock_error_ns >= 200_000_000 > prompt.clock_error_ns


def test_a_huge_count_of_a_slot_does_not_count() -> None:
    body = b'[{"id": 0, "is_processing": true, "next_token": [{"n_decoded": 1%s}]}]' % (b"0" * 400)
    with RawServer(lambda peer: peer.send(answer("200 OK", body))) as server:
        witness = by_spec(f"llamacpp-slots:{server.url}", CONTEXT)
        assert witness.sample().work == 0
        witness.close()


def test_a_metric_that_is_not_known_yet_is_not_there() -> None:
    with RawServer(lambda peer: peer.send(answer("200 OK", b"x 2\ny NaN\n", Content_Type="text/plain"))) as server:
        witness = by_spec(f"prometheus:{server.url}/metrics#counter=x&gauge=y", CONTEXT)
        reading = witness.sample()
        witness.close()
    assert (reading.work, reading.running) == (2, None)


def test_a_document_without_end_is_cut_off() -> None:
    def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        while True:
            peer.send(b"1," * 100_000)

    with RawServer(script) as server:
        witness = by_spec(f"http-json:{server.url}/#/0", CONTEXT)
        with pytest.raises(WitnessError, match=r"more than 8 MiB|did not finish within"):
            witness.sample()
        witness.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("true --key s3cret; exit 3", "ended with exit code 3 (no output)"),
        ("true --key s3cret; echo many", "printed 'many', expected a number"),
        ("echo 'true --key s3cret", "ended with exit code"),
    ],
)
def test_a_command_line_is_not_shown(line: str, said: str) -> None:
    witness = by_spec(f"command:{line}", CONTEXT)
    with pytest.raises(WitnessError, match=re.escape(said)) as caught:
        witness.sample()
    assert "s3cret" not in str(caught.value)


def test_what_a_shell_repeats_of_a_command_is_left_out(tmp_path: Path) -> None:
    # As bash does for a line that it cannot read.
    line = f"cat {tmp_path}/said >&2; exit 2"
    (tmp_path / "said").write_text(f"sh: syntax error near `{line}'")
    with pytest.raises(WitnessError, match=re.escape("exit code 2 (sh: syntax error near `…')")):
        by_spec(f"command:{line}", CONTEXT).sample()


CHILD = """
import os, sys, time
print(os.getpid(), flush=True)
until = time.monotonic() + 30 * (sys.stdin.readline() == "work\\n")
while time.monotonic() < until: pass
time.sleep(30)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("word", ["work", "idle"])
def test_cpu_time_of_a_busy_child_counts(word: str) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        try:
            child = Path(f"/proc/{int(server.stdout.readline())}/stat")
            while child.read_text().rpartition(")")[2].split()[0] != "S":  # it waits for the word
                pass
            witness = by_spec(f"cpu:{server.pid}", CONTEXT)
            idle = sample_for(witness, 0.6)
            server.stdin.write(f"{word}\n".encode())
            server.stdin.flush()
            busy = sample_for(witness, 1.0)
        finally:
            os.killpg(server.pid, signal.SIGKILL)
    assert idle == 0
    assert busy > 50 if word == "work" else busy < 5  # ms


def sample_for(witness: Witness, time_s: float) -> float:
    """Its figure after so long."""
    until_s = time.monotonic() + time_s
    while time.monotonic() < until_s:
        witness.sample()
        time.sleep(witness.interval_s)
    return witness.sample().work or 0
