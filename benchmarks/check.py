"""The check: how long it takes beside the stream it judges, and how it grows with a recording."""

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.serving import Figure
from benchmarks.timed import timed
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Head, Read
from sseprobe.rules.catalogue import FAMILIES
from sseprobe.streams.cassette import Cassette, End, Opening, save

_RUNS: Final = 3
_EVENTS: Final = 100_000
_QUARTER: Final = _EVENTS // 4
_URL: Final = "http://127.0.0.1:8000/v1/chat/completions"


def _recording(events: int) -> bytes:
    """A clean answer of so many tokens, each in a read of its own."""

    def block(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    blocks = [
        block({"role": "assistant", "content": ""}),
        *(block({"content": f" token{number}"}) for number in range(events)),
        block({}, "stop"),
        b"data: [DONE]\n\n",
    ]
    chunks = [
        Chunk(data, Read(index, 1_000_000 * (index + 5), Clock.KERNEL, 1000, 0)) for index, data in enumerate(blocks)
    ]
    headers = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked"), ("cache-control", "no-cache")]
    opening = Opening(1, "2026-01-01T00:00:00Z", "POST", _URL, [], "{}", "openai-chat")
    end = End(BodyEnd.LAST_CHUNK, chunks[-1].read.t_ns)
    return save(Cassette(opening, Head(200, "OK", "1.1", headers, _URL, 4_000_000), chunks, end))


def measure() -> list[Figure]:
    """All of it."""
    rules = ("--select", ",".join(FAMILIES))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tape.jsonl"
        seconds = []
        for events in (_QUARTER, _EVENTS):
            path.write_bytes(_recording(events))
            seconds.append(min(timed("check", "--from", str(path), *rules)[0] for _ in range(_RUNS)))
        read_s, report = timed("check", "--from", str(path))
    once = [timed("check", "--repeat", "1", "--probe", "repeat", *rules)[1] for _ in range(_RUNS)]
    beside_s = min((each["duration_ms"] - each["streams"][0]["metrics"]["e2e_ms"]) / 1000 for each in once)
    whole_s = min(timed("check")[0] for _ in range(_RUNS))
    return [
        Figure(
            f"check --from, {_EVENTS:,} events, all rules",
            f"{seconds[1]:.2f} s",
            f"{seconds[1] / seconds[0]:.1f} times as long as {_QUARTER:,}",
            "3 s, linear",
        ),
        Figure(f"the same, and {len(report['readers'])} readers", f"{read_s:.2f} s", "", ""),
        Figure("check on the mock, all passive rules", f"{beside_s:.2f} s", "beside the stream itself", "0.5 s"),
        Figure("check on the mock, with every probe", f"{whole_s:.1f} s", "from start to end of the process", ""),
    ]
