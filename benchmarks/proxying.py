"""The proxy with nothing to do: what it adds to each event, and its CPU beside nginx's, in turns in one run.

And the default buffer test on the bundled mock, from start to end.
"""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.relay import free_port
from benchmarks.serving import Figure, cpu_s
from benchmarks.timed import timed
from tests.support.processes import wait_for

_STREAMS: Final = 100
_EVENTS: Final = 200
_GAP_MS: Final = 20
_RUNS: Final = 3

_NGINX: Final = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{origin}; proxy_http_version 1.1; proxy_buffering off; }}
    }}
}}
"""


def _relay(origin: int, hop: int) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.relay", *map(str, (origin, hop, _STREAMS, _EVENTS, _GAP_MS))]
    figures: dict[str, float] = json.loads(subprocess.run(words, check=True, capture_output=True, timeout=60).stdout)
    return figures


@contextlib.contextmanager
def _ours(origin: int) -> Iterator[tuple[int, int]]:
    words = [sys.executable, "-m", "sseprobe", "proxy", f"http://127.0.0.1:{origin}", "--port", "0", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["port"]
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def _nginx(origin: int) -> Iterator[tuple[int, int]]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(_NGINX.format(folder=folder, port=port, origin=origin))
        process = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/")
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield int(children[0]), port
        finally:
            process.terminate()
            process.wait()


def measure() -> Iterator[Figure]:
    """Added latency at the 99th percentile, best of three runs, and CPU an event beside nginx's."""
    origin = free_port()
    hops = {"ours": _ours, "nginx": _nginx} if shutil.which("nginx") else {"ours": _ours}
    best: dict[str, dict[str, float]] = {}
    with contextlib.ExitStack() as cleanup:
        running = {name: cleanup.enter_context(start(origin)) for name, start in hops.items()}
        for _ in range(_RUNS):
            seen = {"direct": _relay(origin, origin)}
            for name, (pid, port) in running.items():
                before_s = cpu_s(pid)
                seen[name] = _relay(origin, port)
                seen[name]["cpu_us"] = (cpu_s(pid) - before_s) / seen[name]["events"] * 1e6
                seen[name]["added_ms"] = seen[name]["p99_ms"] - seen["direct"]["p99_ms"]
            for name in running:
                if name not in best or seen[name]["added_ms"] < best[name]["added_ms"]:
                    best[name] = seen[name]
    at = f"proxy without faults, {_STREAMS} streams x {1000 // _GAP_MS} events/s"
    ours, nginx = best["ours"], best.get("nginx")
    beside = f"nginx {nginx['added_ms']:.2f} ms" if nginx else ""
    yield Figure(f"{at}: added at p99", f"{ours['added_ms']:.2f} ms", beside, "< 1 ms")
    beside = f"nginx {nginx['cpu_us']:.1f}: x{ours['cpu_us'] / nginx['cpu_us']:.2f}" if nginx else ""
    yield Figure(f"{at}: CPU", f"{ours['cpu_us']:.1f} us/event", beside, "x3 at most")
    took_s, report = timed("buffer-test")
    said = f"{len(report['profiles'])} profiles, {report['verdict']}"
    yield Figure("buffer-test on the mock", f"{took_s:.1f} s", said, "< 60 s")
