"""Ctrl-C, SIGTERM and SIGHUP at each moment of a command: the report is written, one line is said, nothing stays."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.processes import children_of
from tests.support.raw_server import HEAD, Peer, RawServer, transfer_chunk

Serve = Callable[[Callable[[Peer], None]], RawServer]
PROBES = ("stream", "check", "abort-test", "buffer-test")
MOMENTS = {
    "while options are read": "sseprobe.cli.running.parse_reports",
    "while the target is set up": "sseprobe.probes.context.build_request",
    "while the mock starts": "sseprobe.mock_process.MockProcess.wait_ready",
    "while a stream is opened": "sseprobe.net.open_stream.OpenStream.__aenter__",
}


def interrupting(monkeypatch: pytest.MonkeyPatch, target: str, number: int = signal.SIGINT) -> None:
    """Sends the signal to this process whenever the function is about to run, once."""
    module, _, name = target.rpartition(".")
    import pkgutil

    owner = pkgutil.resolve_name(module.replace(".OpenStream", ":OpenStream").replace(".MockProcess", ":MockProcess"))
    whole = getattr(owner, name)
    sent: list[int] = []

    def first(*args: Any, **given: Any) -> Any:
        if not sent:
            sent.append(number)
            os.kill(os.getpid(), number)
        return whole(*args, **given)

    monkeypatch.setattr(owner, name, first)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("probe", PROBES)
def test_a_report_whenever_it_comes(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probe: str, moment: str
) -> None:
    interrupting(monkeypatch, MOMENTS[moment])
    path = tmp_path / "report.json"
    before = children_of(os.getpid())
    done = cli(probe, "--report", f"json:{path}", "-q")
    assert (done.code, done.out, done.err) == (130, "", "sseprobe: interrupted\n")
    report = json.loads(path.read_bytes())
    assert (report["verdict"], report["exit_code"], report["command"]) == ("inconclusive", 130, probe)
    assert children_of(os.getpid()) == before


@pytest.mark.parametrize("probe", ["stream", "check"])
def test_a_report_while_it_judges(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probe: str) -> None:
    interrupting(monkeypatch, "sseprobe.probes.judging.result_of")
    path = tmp_path / "report.json"
    words = ["--model", "mock/tokens=5,itl_ms=1", "--select", "SSE", "--report", f"json:{path}", "-q"]
    done = cli(probe, *words, *(["--repeat", "1", "--probe", "repeat"] if probe == "check" else []))
    assert (done.code, done.err) == (130, "sseprobe: interrupted\n")
    report = json.loads(path.read_bytes())
    assert (report["verdict"], report["streams"][0]["ending"]) == ("inconclusive", "complete")
    reasons = [each["reason"] for each in report["results"] if each["verdict"] == "not-applicable"]
    assert "interrupted before it" in reasons


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_have_codes_of_their_own(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    interrupting(monkeypatch, MOMENTS["while the mock starts"], number)
    path = tmp_path / "report.json"
    done = cli("stream", "--report", f"json:{path}")
    assert (done.code, done.err) == (code, "sseprobe: interrupted\n")
    assert json.loads(path.read_bytes())["exit_code"] == code


def ended(process: "subprocess.Popen[bytes]", number: int) -> tuple[int, bytes, bytes]:
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def test_a_process_in_mid_stream(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.send(HEAD, transfer_chunk(b"data: one\n\n"))
        peer.wait_for_close()

    path = tmp_path / "report.json"
    process = cli.start("stream", serve(script).url + "/x", "--dialect", "plain", "-q", "--report", f"json:{path}")
    assert process.stdout is not None
    assert process.stdout.read(3) == b"one"
    assert ended(process, signal.SIGINT) == (130, b"\n", b"sseprobe: interrupted\n")
    assert json.loads(path.read_bytes())["streams"][0]["events"] == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("command", ["proxy", "mock", "replay"])
def test_servers_end_alike(cli: Cli, tmp_path: Path, command: str, number: int, code: int) -> None:
    words = {"proxy": ["http://127.0.0.1:9"], "mock": [], "replay": [str(tmp_path / "tape.jsonl")]}[command]
    if command == "replay":
        done = cli("stream", "--model", "mock/tokens=2,itl_ms=1", "--record", words[0])
        assert done.code == 0
    process = cli.start(command, *words, "--port", "0", "--json")
    assert process.stdout is not None
    json.loads(process.stdout.readline())
    assert ended(process, number) == (code, b"", b"sseprobe: interrupted\n")


@pytest.mark.parametrize("words", [["rules"], ["mock", "--list"], ["--help"], ["check", "--help"], ["proxy", "--list"]])
def test_a_reader_that_closes_the_pipe_changes_nothing(cli: Cli, words: list[str]) -> None:
    with cli.start(*words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # before anything is written
        assert (process.stderr.read(), process.wait(20)) == (b"", 0)


def test_nor_does_one_that_leaves_a_stream(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with cli.start("stream", "--model", "mock/tokens=60,itl_ms=2", "--report", f"json:{path}") as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait(30) == 0
    assert json.loads(path.read_bytes())["streams"][0]["metrics"]["tokens"] == 60
