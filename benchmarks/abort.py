"""The abort test: how soon it is done, how late a good server stops, and whether watching disturbs what is watched."""

from typing import Final

from benchmarks.serving import Figure
from benchmarks.timed import timed
from sseprobe.mock_process import running_mock

_RUNS: Final = 3
_HOWS: Final = ("fin", "rst", "half-close")
_PHASES: Final = ("before-headers", "before-first-token", "mid-stream", "near-end")
_TRIALS: Final = 50


def measure() -> list[Figure]:
    """All of it."""
    single_s = min(timed("abort-test")[0] for _ in range(_RUNS))
    matrix = [word for how in _HOWS for word in ("--how", how)] + [word for at in _PHASES for word in ("--at", at)]
    matrix_s, report = timed("abort-test", *matrix)
    stopped = sum(trial["answer"] == "stopped" for trial in report["trials"])
    _, many = timed("abort-test", "--trials", str(_TRIALS))
    lag, overrun = many["abort"]["stop_lag_ms"], many["abort"]["overrun_tokens"]
    return [
        Figure("abort-test on the mock, one trial", f"{single_s:.2f} s", "from start to end of the process", "1.5 s"),
        Figure(
            f"abort-test on the mock, {len(_HOWS)} ways x {len(_PHASES)} phases",
            f"{matrix_s:.1f} s",
            f"{stopped} of {len(report['trials'])} proven to stop",
            "15 s",
        ),
        Figure(
            f"the good mock's stop lag, {_TRIALS} trials",
            f"p50 {lag['p50']:.2f} ms, p99 {lag['p99']:.2f} ms",
            f"overrun at most {overrun['max']} tokens",
            "",
        ),
        _disturbance(),
    ]


def _disturbance() -> Figure:
    """Gaps between tokens of one stream, nobody watching and with a witness asked 50 times a second."""
    with running_mock(truth_port=0) as mock:
        url = f"{mock.url}/v1/chat/completions"
        words = (url, "--at", "after-ms:2500", "--model", "mock/itl_ms=10,ttft_ms=1,tokens=10000")
        alone, watched = (
            min(_gaps(*words, *witness) for _ in range(_RUNS))
            for witness in ((), ("--witness", f"mock:{mock.truth_url}"))
        )
    return Figure(
        "ITL p99 at 10 ms a token, watched by a witness",
        f"{watched:.2f} ms",
        f"alone {alone:.2f} ms: x{watched / alone:.2f}",
        "x1",
    )


def _gaps(*words: str) -> float:
    _, report = timed("abort-test", *words)
    return float(report["streams"][0]["metrics"]["itl_ms"]["p99"])
