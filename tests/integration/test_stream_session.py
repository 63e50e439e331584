"""A session as people have it: a terminal, a pipe, Ctrl-C, and the bundled mock."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import COMMAND, UNCOVERED, Cli, environment
from tests.support.openai import chunk, good
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, transfer_chunk

Serve = Callable[[Callable[[Peer], None]], RawServer]
CHAT = "/v1/chat/completions"
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202eevil\u2066 \x00\x08\x7f\r"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _streams(*texts: str) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.stream(*good(*texts))
        peer.send(LAST_CHUNK)

    return script


class Terminal:
    """The command in a pseudo-terminal of its own."""

    def __init__(self, *words: str, columns: int = 80, env: dict[str, str] | None = None) -> None:
        import fcntl
        import struct
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(TERM="xterm-256color", **(env or {})),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  Ctrl-C needs a terminal
        )
        os.close(slave)
        self.shown = b""

    def until(self, wanted: bytes | None, limit_s: float = 30) -> str:
        """Reads until something is shown, or (None) until the command ends."""
        deadline = time.monotonic() + limit_s
        while wanted is None or wanted not in self.shown:
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.process.kill()
                raise AssertionError(f"{wanted!r} was not shown within {limit_s} s: {self.shown[-2000:]!r}")
            try:
                piece = os.read(self._master, 65536)
            except OSError:
                piece = b""
            if not piece:
                break
            self.shown += piece
        return self.shown.decode()

    def press(self, keys: bytes) -> None:
        """Types."""
        os.write(self._master, keys)

    def end(self) -> int:
        """Reads to the end; the exit code."""
        self.until(None)
        os.close(self._master)
        return self.process.wait(timeout=20)


def test_a_terminal_shows_tokens_and_then_the_summary() -> None:
    terminal = Terminal("stream", "--model", "mock/text=one two three,ttft_ms=1,itl_ms=5")
    assert terminal.end() == 0
    shown = terminal.shown.decode()
    assert shown.index("one two three") < shown.index("PASS")
    for word in ("complete", "TTFT", "p99", "TPOT", "tokens/s", "kernel", "\x1b["):
        assert word in shown
    # A busy machine reads late, and then says so instead.
    assert "events per read" in shown or "bunching unknown" in shown


@pytest.mark.parametrize("columns", [30, 60])
def test_a_narrow_terminal_is_not_overrun(columns: int) -> None:
    terminal = Terminal("stream", "--model", "mock/tokens=3,ttft_ms=1,itl_ms=1", "--no-color", columns=columns)
    assert terminal.end() == 0
    summary = terminal.shown.decode()[terminal.shown.decode().index("  stream 0") :]
    assert max(map(len, summary.splitlines())) <= columns


@pytest.mark.parametrize("how", ["option", "environment"])
def test_no_colour_means_none(how: str) -> None:
    words = ["--no-color"] if how == "option" else []
    env = {"NO_COLOR": "1"} if how == "environment" else {}
    terminal = Terminal("stream", "--model", "mock/tokens=3,ttft_ms=1,itl_ms=1", *words, env=env)
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.shown


def test_ctrl_c_ends_the_stream_and_still_reports(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--model", "mock/text=tick tock,tokens=100000,itl_ms=5", "--report", f"json:{report}"]
    terminal = Terminal("stream", *words)
    terminal.until(b"tick tock")
    terminal.press(b"\x03")
    assert terminal.end() == 130
    shown = terminal.shown.decode()
    assert "INTERRUPTED" in shown
    assert "aborted" in shown
    assert "Traceback" not in shown
    told = json.loads(report.read_text())
    assert (told["verdict"], told["exit_code"], told["streams"][0]["ending"]) == ("inconclusive", 130, "aborted")
    assert told["streams"][0]["text"].startswith("tick tock")


def test_ctrl_c_before_an_answer(serve: Serve) -> None:
    server = serve(lambda peer: peer.wait_for_close())
    terminal = Terminal("stream", server.url, "-v")
    terminal.until(b"> GET")
    deadline = time.monotonic() + 20
    while not server.peers and time.monotonic() < deadline:
        os.sched_yield()
    terminal.press(b"\x03")
    assert terminal.end() == 130
    assert b"Traceback" not in terminal.shown


@pytest.mark.parametrize("show", ["text", "events", "raw"])
def test_nothing_hostile_reaches_a_terminal(serve: Serve, show: str) -> None:
    terminal = Terminal("stream", serve(_streams(HOSTILE, " fine")).url + CHAT, "--show", show, "--no-color")
    assert terminal.end() == 0
    shown = terminal.shown.decode().replace("\r\n", "\n")
    assert UNSAFE.search(shown) is None
    assert "fine" in shown


@pytest.mark.parametrize("words", [["--show", "text"], ["--show", "events"], ["--json"], ["--report", "json"], ["-v"]])
def test_nothing_hostile_reaches_a_pipe(serve: Serve, cli: Cli, words: list[str]) -> None:
    def script(peer: Peer) -> None:
        head = HEAD.replace(b"\r\n\r\n", b"\r\nX-Evil: \x9b31m\r\n\r\n")
        body = b"".join(good(HOSTILE, " fine")) + b": \x1b[31m\n\nevent: \x1b\ndata: x\n\nid: \x1b\nfoo\x1b: x\n\n"
        peer.send(head, transfer_chunk(body), LAST_CHUNK)

    forced = {"FORCE_COLOR": "1", "PY_COLORS": "1", "GITHUB_ACTIONS": "true", "TTY_COMPATIBLE": "1"}
    result = cli.process("stream", serve(script).url + CHAT, *words, env=forced)
    assert UNSAFE.search(result.out) is None
    assert UNSAFE.search(result.err) is None
    assert "fine" in result.out


def test_json_lines_are_exact(serve: Serve, cli: Cli) -> None:
    result = cli("stream", serve(_streams(HOSTILE)).url + CHAT, "--json")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [delta["text"] for line in lines for delta in line["deltas"] if delta["kind"] == "text"] == [HOSTILE]
    assert [line["event"] for line in lines] == list(range(5))
    assert all(line["t_ms"] >= 0 for line in lines)


def test_raw_to_a_pipe_is_the_body(serve: Serve, cli: Cli) -> None:
    body = b"data: \x1b[31m\xff\r\n\r\n: x\n\ndata: tail"
    server = serve(lambda peer: peer.send(HEAD, transfer_chunk(body), LAST_CHUNK))
    assert cli("stream", server.url, "--show", "raw").raw_out == body


def test_a_pipe_gets_the_text_and_nothing_else(serve: Serve, cli: Cli) -> None:
    result = cli("stream", serve(_streams("Hello", " world")).url + CHAT)
    assert result.out == "Hello world\n"
    assert result.err.splitlines()[-1].startswith("PASS")


def test_a_closed_pipe_changes_nothing(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.send(HEAD)
        for _ in range(20_000):  # more than pipes hold
            peer.send(transfer_chunk(chunk("word ")))
        peer.send(*map(transfer_chunk, good("the end")[1:]), LAST_CHUNK)

    process = Cli().start("stream", serve(script).url + CHAT)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdin is not None
    process.stdin.close()
    process.stdout.read(100)
    process.stdout.close()
    summary = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=20) == 0
    assert summary.splitlines()[-1].startswith("PASS  stream")


# --- the bundled mock


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _wait_until(condition: Callable[[], bool], limit_s: float = 20) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        select.select([], [], [], 0.01)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_bundled_mock_never_outlives_the_command(sent: signal.Signals) -> None:
    process = Cli().start("stream", "--model", "mock/tokens=100000,itl_ms=5,ttft_ms=1")
    assert process.stdout is not None
    process.stdout.read(20)  # tokens arrive
    [mock] = _children(process.pid)
    process.send_signal(sent)
    process.communicate(timeout=20)

    def gone() -> bool:
        try:
            return Path(f"/proc/{mock}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    _wait_until(gone)


def test_without_a_url_the_bundled_mock_is_streamed(cli: Cli) -> None:
    # A proxy from the environment is for other targets.
    result = cli(
        "stream",
        "--model",
        "mock/tokens=20,ttft_ms=5,itl_ms=2",
        "--report",
        "json",
        env={"HTTP_PROXY": "http://127.0.0.1:9"},
    )
    assert result.code == 0, result
    report: dict[str, Any] = result.report
    stream = report["streams"][0]
    metrics = stream["metrics"]
    assert report["schema_version"] == 1
    assert report["tool"]["name"] == "sseprobe"
    assert report["command"] == "stream"
    assert report["target"]["dialect"] == "openai-chat"
    assert (report["results"], report["trials"], report["profiles"], report["load"], report["readers"]) == (
        [],
        [],
        [],
        None,
        [],
    )
    assert (stream["status"], stream["http_version"], stream["ending"], stream["error"]) == (
        200,
        "1.1",
        "complete",
        None,
    )
    assert (metrics["tokens"], stream["events"], stream["clock"]) == (20, 24, "kernel")
    assert metrics["itl_ms"]["count"] + metrics["unmeasured_gaps"] == 19
    assert 0 < metrics["ttfb_ms"] <= metrics["ttfe_ms"] <= metrics["ttft_ms"] < metrics["e2e_ms"]
    assert metrics["client_lag_ms"]["p50"] > 0


def test_quiet_says_nothing_of_a_good_stream(cli: Cli) -> None:
    result = cli("stream", "--model", "mock/tokens=2,ttft_ms=1,itl_ms=1", "-q")
    assert (result.code, result.err) == (0, "")


# --- recordings


def test_a_recording_says_the_same_as_the_stream(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    path = str(tmp_path / "cassette.jsonl")
    live = cli("stream", serve(_streams("Hello", " é\x1b")).url + CHAT, "--record", path, "--report", "json")
    again = cli("stream", "--from", path, "--report", "json")
    assert (live.code, again.code) == (0, 0)
    assert again.report["streams"] == live.report["streams"]
    assert again.report["target"] == live.report["target"]
    assert cli("stream", "--from", path).out == "Hello é␛\n"
    parsed = json.loads(cli("parse", path, "--report", "json").out)
    assert len(parsed["events"]) == 6


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_in_a_sentence(cli: Cli) -> None:
    result = cli("stream", "--model", "mock/tokens=3,ttft_ms=1", "--record", "/dev/full")
    assert result.code == 2
    assert "cannot be written" in result.err
    assert "Traceback" not in result.err


def test_a_recording_is_bounded(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    url = serve(_streams(*["x" * 1000] * 50)).url + CHAT
    result = cli("stream", url, "--record", str(tmp_path / "c"), "--max-bytes", "20000", "--report", "json", "-q")
    assert (result.code, result.report["streams"][0]["ending"]) == (1, "limit")
    assert "--max-bytes" in result.err
    assert cli("stream", url, "--max-bytes", "20000", "-q").code == 0


def test_memory_stays_flat(serve: Serve) -> None:
    """200,000 events (40 MB): what is kept does not grow with the stream."""
    pytest.importorskip("resource")

    def script(peer: Peer) -> None:
        block = b"".join(map(transfer_chunk, [chunk("word ")] * 100))
        peer.send(HEAD, *[block] * 2000, *map(transfer_chunk, good("end")[2:]), LAST_CHUNK)

    # A small process between: a large one hands its own peak on to the children it starts.
    between = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    words = [COMMAND[0], "-c", between, *COMMAND, "stream", serve(script).url + CHAT]
    done = subprocess.run(words, capture_output=True, env=environment(**UNCOVERED), check=True, timeout=55)
    code, peak_kib = map(int, done.stdout.split())
    assert code == 0, done.stderr
    assert b"200,00" in done.stderr
    assert peak_kib < 100_000
