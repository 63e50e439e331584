"""Every mode of the mock, left in every way and phase: no verdict may be wrong, on uvicorn and elsewhere.

The truth is known: it is what the mode is. Nothing here depends on how fast the machine is: servers that stop have a
long grace, which nobody waits for; of those that go on it is short, and their record does not forget.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from mockserver.modes import MODES
from tests.support.cli import Cli
from tests.support.mock import Mock
from tests.support.processes import mock_in_mode, started

SCENARIO = "tokens=60,itl_ms=5,ttft_ms=80"
PATH = "/v1/chat/completions"
STOPS = ("good", "slow-handler")
GOES_ON = [mode for mode in MODES if mode not in (*STOPS, "relay")]
PHASES = ("before-headers", "before-first-token", "mid-stream", "after-tokens:3", "after-ms:120", "near-end")
LEAVING = ("fin", "rst", "half-close")
NOTHING_LEFT = re.compile("nothing was left to stop|finished after|had come before the client could abort")


def words(name: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (name, value)]


def trials_of(report: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(trial["how"], trial["at"]): trial for trial in report["trials"]}


def assert_answers(trials: dict[tuple[str, str], dict[str, Any]], expected: str, *, may_stop: bool = False) -> None:
    """Each trial has the answer that is expected. `may_stop`: or stopped, as records say of some.

    A machine that is too busy to leave in time may have nothing left to stop; then nothing is claimed. But mostly it is.
    """
    for trial in trials.values():
        unknown = trial["answer"] == "unknown" and NOTHING_LEFT.search(trial["reason"])
        assert trial["answer"] == expected or unknown or (may_stop and trial["answer"] == "stopped"), json.dumps(trial)
    answered = sum(trial["answer"] != "unknown" for trial in trials.values())
    assert answered * 2 > len(trials)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", [*STOPS, *GOES_ON])
def test_no_wrong_verdict(mode: str, cli: Cli) -> None:
    grace = "20" if mode in STOPS else "0.25"
    with mock_in_mode(mode, SCENARIO) as mock:
        done = cli(
            "abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}", "--grace", grace,
            "--report", "json", *words("--how", LEAVING), *words("--at", PHASES),
        )  # fmt: skip
        records = Mock(mock["url"], mock["truth_url"]).truths()
    trials = trials_of(done.report)
    assert set(trials) == {(how, at) for how in LEAVING for at in PHASES}
    expected = "stopped" if mode in STOPS else "running"
    # Where a poll races a cancellation, even a leak stops now and then: its records say how often.
    may_stop = mode == "leak-close-on-break-only"
    stopped = sum(record["state"] == "stopped" for record in records)
    answers = [trial["answer"] for trial in trials.values()]
    assert answers.count("stopped") <= stopped
    assert_answers(trials, expected, may_stop=may_stop and bool(stopped))
    for (how, _), trial in trials.items():
        assert (trial["verdict"] is None) == (how == "half-close")
        assert (trial["stop_lag_ms"] is None) == (trial["answer"] != "stopped")
    assert (done.report["verdict"], done.code) in (
        (("fail", 1),) if mode in GOES_ON else (("pass", 0), ("inconclusive", 4))
    )


@pytest.mark.parametrize("mode", ["good", "leak-queue"])
def test_a_reader_that_stalls_has_not_left(mode: str, cli: Cli) -> None:
    with mock_in_mode(mode, "tokens=10000,itl_ms=5,ttft_ms=20") as mock:
        done = cli(
            "abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}", "--grace", "0.3",
            "--how", "stall", "--report", "json",
        )  # fmt: skip
    [trial] = done.report["trials"]
    assert (trial["answer"], done.code) == ("running", 1)
    assert done.report["streams"][0]["ending"] == "aborted"


@pytest.mark.parametrize(
    ("mode", "named"),
    [
        ("leak-blocking-loop", ["leak-blocking-loop"]),
        ("leak-swallow", ["leak-swallow"]),
        ("leak-poll-under-middleware", ["leak-poll-under-middleware"]),
        ("leak-queue", ["leak-queue", "leak-sync-gen", "leak-close-on-break-only"]),
        ("resumable", ["resumable"]),
    ],
)
def test_rogues_are_named(mode: str, named: list[str], cli: Cli) -> None:
    # Slow enough that a pause of a busy machine is not taken for one of the server's.
    with mock_in_mode(mode, "tokens=100,itl_ms=200,ttft_ms=20") as mock:
        done = cli(
            "abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}", "--grace", "1",
            "--at", "after-tokens:4", "--report", "json",
        )  # fmt: skip
    cause = done.report["abort"]["cause"]
    assert cause["examples"] == named, cause


def test_a_slow_handler_is_named_though_it_stops(cli: Cli) -> None:
    with mock_in_mode("slow-handler", "tokens=100,itl_ms=5,ttft_ms=1500") as mock:
        done = cli(
            "abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}", "--grace", "20",
            "--at", "before-headers", "--report", "json",
        )  # fmt: skip
    [trial] = done.report["trials"]
    assert (trial["answer"], trial["overrun_tokens"], done.code) == ("stopped", 1, 0)
    assert trial["stop_lag_ms"] > 100
    assert done.report["abort"]["cause"]["examples"] == ["slow-handler"]


@pytest.fixture(scope="module", params=["hypercorn", "granian"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Starts modes under another server than uvicorn."""
    with ExitStack() as cleanup:
        yield lambda mode: cleanup.enter_context(started("-m", "tests.support.mock_elsewhere", request.param, mode))


@pytest.mark.parametrize("mode", ["good", "leak-sync-gen", "leak-queue"])
def test_other_servers(mode: str, elsewhere: Any, cli: Cli) -> None:
    mock = elsewhere(mode)
    done = cli(
        "abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}",
        "--grace", "20" if mode == "good" else "0.25", "--report", "json",
        *words("--how", LEAVING), *words("--at", ("before-first-token", "mid-stream", "after-tokens:50")),
    )  # fmt: skip
    expected = "stopped" if mode == "good" else "running"
    assert_answers(trials_of(done.report), expected)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("mode", ["good", "leak-queue"])
def test_one_stream_of_an_http2_connection_is_cancelled(mode: str, tls: bool, cli: Cli, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    server = ["-m", "tests.support.mock_elsewhere", "hypercorn", mode, *([str(tmp_path)] if tls else [])]
    with started(*server) as mock:
        done = cli(
            "abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}", "--http2",
            "--cacert", str(tmp_path / "ca.pem"), *words("--how", ("h2-reset", "fin", "rst")),
            "--at", "before-headers", "--at", "mid-stream", "--grace", "20" if mode == "good" else "0.4",
            "--report", "json",
        )  # fmt: skip
    expected = "stopped" if mode == "good" else "running"
    trials = trials_of(done.report)
    assert len(trials) == 6
    assert_answers(trials, expected)
    assert done.report["streams"][1]["http_version"] == "2"


def test_http2_cannot_be_reset_on_http1(cli: Cli) -> None:
    with mock_in_mode("good", SCENARIO) as mock:
        done = cli("abort-test", mock["url"] + PATH, "--http2", "--how", "h2-reset")
    assert done.code == 3  # without TLS nothing can be negotiated: HTTP/2 is spoken at once, and this server has none
    assert "Traceback" not in done.err
