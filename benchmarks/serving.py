"""The mock under load, start-up times, TTFT beside curl's, and memory: each beside a yardstick in the same run."""

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from sseprobe.mock_process import command

TOKENS: Final = 200
ITL_MS: Final = 20.0
EVENTS_IN_MEMORY: Final = 1_000_000
_ROUNDS: Final = 9
_PYTHON: Final = sys.executable


class Figure(NamedTuple):
    """One line of the table. `target` is what the project asks of itself, empty if it only wants to know."""

    what: str
    value: str
    beside: str
    target: str


def cpu_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _on_one_core(words: list[str]) -> Iterator[tuple[int, int]]:
    """Runs a server on the first core alone; gives its process id and port."""
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["port"]
    finally:
        process.kill()
        process.communicate()


def _load(port: int, streams: int) -> dict[str, float]:
    words = [_PYTHON, "-m", "benchmarks.load", str(port), str(streams), str(TOKENS), str(ITL_MS)]
    loaded: dict[str, float] = json.loads(subprocess.run(words, check=True, capture_output=True, timeout=120).stdout)
    return loaded


def mock_under_load() -> Iterator[Figure]:
    """CPU per event and lateness at 200 and 400 streams of 50 events/s, best of three runs."""
    servers = {
        "mock": command(port=0, json=True, with_parent=True),
        "bare ASGI app": [_PYTHON, "-m", "benchmarks.floor"],
    }
    for streams in (200, 400):
        best: dict[str, dict[str, float]] = {}
        for _ in range(3):
            for name, words in servers.items():
                with _on_one_core(words) as (pid, port):
                    _load(port, 10)  # warm
                    before_s = cpu_s(pid)
                    figures = _load(port, streams)
                    figures["cpu_us"] = (cpu_s(pid) - before_s) / figures["tokens"] * 1e6
                if name not in best or figures["p99_ms"] < best[name]["p99_ms"]:
                    best[name] = figures
        ours, bare = best["mock"], best["bare ASGI app"]
        at = f"mock, {streams} streams x 50 events/s on one core"
        ratio = ours["cpu_us"] / bare["cpu_us"]
        yield Figure(f"{at}: CPU", f"{ours['cpu_us']:.1f} us/event", f"bare app {bare['cpu_us']:.1f}: x{ratio:.2f}", "")
        target = "< 5 ms" if streams == 400 else ""
        yield Figure(f"{at}: p99 lateness", f"{ours['p99_ms']:.2f} ms", f"bare app {bare['p99_ms']:.2f} ms", target)
        yield Figure(
            f"{at}: drift over 4 s", f"{ours['drift_ms']:.2f} ms", f"bare app {bare['drift_ms']:.2f} ms", "none"
        )


def _median_s(words: list[str]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start_s = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True, timeout=60)
        times.append(time.perf_counter() - start_s)
    return statistics.median(times)


def start_up() -> Iterator[Figure]:
    """`--version` and `--help` beside importing typer and rich; the embedded mock until it is ready."""
    base_s = _median_s([_PYTHON, "-c", "import typer, rich"])
    for option, limit in (("--version", 1.5), ("--help", 3.0)):
        took_s = _median_s([_PYTHON, "-m", "sseprobe", option])
        beside = f"import typer, rich {base_s * 1000:.0f} ms: x{took_s / base_s:.2f}"
        yield Figure(f"sseprobe {option}", f"{took_s * 1000:.0f} ms", beside, f"x{limit:g} at most")
    ready = []
    for _ in range(_ROUNDS):
        start_s = time.perf_counter()
        with _on_one_core(command(port=0, json=True, with_parent=True)):
            ready.append(time.perf_counter() - start_s)
    yield Figure("mock, from start to ready", f"{statistics.median(ready) * 1000:.0f} ms", "", "well under 1 s")


def ttft_beside_curl() -> Iterator[Figure]:
    """TTFT of `sseprobe stream`, and curl's time to the same first token, in turns on one endpoint."""
    curl = shutil.which("curl")
    if curl is None:
        return
    ours, theirs = [], []
    with _on_one_core(command(port=0, json=True, with_parent=True)) as (_, port):
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        body = '{"model":"mock/tokens=1,ttft_ms=50","messages":[{"role":"user","content":"x"}],"stream":true}'
        for _ in range(_ROUNDS):
            words = [_PYTHON, "-m", "sseprobe", "stream", url, "-d", body, "--report", "json"]
            report = json.loads(subprocess.run(words, check=True, capture_output=True, timeout=60).stdout)
            ours.append(report["streams"][0]["metrics"]["ttft_ms"])
            # One token, so that the whole body ends with it.
            words = [
                curl,
                "-sN",
                "-o",
                os.devnull,
                "-w",
                "%{time_total}",
                url,
                "-H",
                "Content-Type: application/json",
                "-d",
                body,
            ]
            theirs.append(float(subprocess.run(words, check=True, capture_output=True, timeout=60).stdout) * 1000)
    us, them = statistics.median(ours), statistics.median(theirs)
    yield Figure("TTFT of sseprobe stream (ttft_ms=50)", f"{us:.2f} ms", f"curl {them:.2f} ms: {us - them:+.2f} ms", "")


def memory() -> Iterator[Figure]:
    """Peak memory of `sseprobe stream` over a million events."""
    chunk = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
    end = chunk.replace(b'{"content":"word "}', b"{}").replace(b"null", b'"stop"') + b"data: [DONE]\n\n"
    block = b"%x\r\n%s\r\n" % (len(chunk) * 100, chunk * 100)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            received = b""
            while not received.endswith(b"}"):
                received += connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(EVENTS_IN_MEMORY // 100):
                connection.sendall(block)
            connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(end), end))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/chat/completions"
    start_s = time.perf_counter()
    process = subprocess.Popen([_PYTHON, "-m", "sseprobe", "stream", url, "-q"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took_s = time.perf_counter() - start_s
    listener.close()
    assert process.returncode == 0, "the stream was not complete"
    unit = 1 if sys.platform == "darwin" else 1024
    peak = f"{usage.ru_maxrss * unit / 1e6:.0f} MB"
    yield Figure(
        "sseprobe stream, a million events: peak memory",
        peak,
        f"{took_s * 1e6 / EVENTS_IN_MEMORY:.1f} us/event",
        "< 100 MB",
    )
