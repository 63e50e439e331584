"""`sseprobe abort-test` as people use it: the embedded default, phases not reached, wrong words, hostile servers."""

import json
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.mock import Mock
from tests.support.openai import DONE, chunk, good
from tests.support.processes import mock_in_mode
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, answer

PATH = "/v1/chat/completions"
Serve = Callable[..., RawServer]


def test_without_words_it_proves_that_the_mock_stops(cli: Cli) -> None:
    done = cli("abort-test")
    assert done.code == 0, done
    assert done.out.splitlines()[-1].startswith("PASS  abort-test  POST http://127.0.0.1:")
    assert "the server stops when its client aborts" in done.out
    assert "mock" in done.out
    assert done.err == "sseprobe: trial 1 of 1: fin at mid-stream: stopped\n"


def test_the_report_is_the_contracts(cli: Cli) -> None:
    done = cli("abort-test", "--trials", "3", "--report", "json")
    report = done.report
    assert (report["command"], report["verdict"], report["exit_code"], done.code) == ("abort-test", "pass", 0, 0)
    assert len(report["trials"]) == 3
    for trial in report["trials"]:
        assert {"how": "fin", "at": "mid-stream", "answer": "stopped"}.items() <= trial.items()
        assert trial["overrun_tokens"] in (0, 1)
        assert 0 <= trial["stop_lag_ms"] < 5000
        [said] = trial["testimonies"]
        assert {"witness": "mock", "answer": "stopped", "strength": "direct"}.items() <= said.items()
        assert said["evidence"]
    assert [stream["ending"] for stream in report["streams"]] == ["aborted"] * 3
    summary = report["abort"]
    assert (summary["stopped"], summary["running"], summary["unknown"], summary["stop_lag_ms"]["count"]) == (3, 0, 0, 3)
    assert (report["results"], report["profiles"], report["load"]) == ([], [], None)


def test_reports_go_where_they_are_sent(cli: Cli, tmp_path: Any) -> None:
    path = tmp_path / "report.json"
    done = cli("abort-test", "--report", f"json:{path}")
    assert done.out.splitlines()[-1].startswith("PASS")
    assert json.loads(path.read_text())["verdict"] == "pass"
    alone = cli("abort-test", "--report", "json")
    assert alone.out.startswith("{")
    assert alone.err.splitlines()[-1].startswith("PASS")
    quiet = cli("abort-test", "--report", "json", "-q")
    assert quiet.err == ""


def test_without_a_witness_it_is_never_a_pass(cli: Cli, mock: Mock) -> None:
    done = cli("abort-test", mock.url + PATH, "--report", "json")
    assert (done.report["verdict"], done.code) == ("inconclusive", 4)
    [trial] = done.report["trials"]
    assert (trial["answer"], trial["testimonies"]) == ("unknown", [])
    assert "no witness was named" in trial["reason"]


def test_a_bare_mock_is_the_target_itself(cli: Cli, mock: Mock) -> None:
    done = cli("abort-test", mock.url + PATH, "--witness", "mock", "--report", "json")
    assert (done.report["verdict"], done.code) == ("pass", 0), done


@pytest.mark.parametrize("dialect", ["anthropic", "gemini", "ollama", "plain", "openai-responses"])
def test_every_dialect_can_be_left(dialect: str, cli: Cli) -> None:
    done = cli("abort-test", "--dialect", dialect, "--report", "json")
    assert (done.report["verdict"], done.report["target"]["dialect"]) == ("pass", dialect), done


# -- what is expected


def test_going_on_may_be_right(cli: Cli) -> None:
    with mock_in_mode("resumable", "tokens=100,itl_ms=5") as mock:
        words = ["abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}", "--grace", "0.3"]
        assert cli(*words).code == 1
        done = cli(*words, "--expect", "continue")
    assert done.code == 0
    assert "continues generating after its client aborts, as expected" in done.out
    done = cli("abort-test", "--expect", "continue")
    assert done.code == 1
    assert "stops when its client aborts, but should not" in done.out


def test_a_stop_may_come_too_late(cli: Cli) -> None:
    with mock_in_mode("slow-handler", "ttft_ms=1500,itl_ms=5") as mock:
        words = ["abort-test", mock["url"] + PATH, "--witness", f"mock:{mock['truth_url']}", "--at", "before-headers"]
        assert cli(*words, "--max-overrun", "1").code == 0
        done = cli(*words, "--max-overrun", "0", "--report", "json")
    assert (done.report["verdict"], done.code) == ("fail", 1)
    assert "generated 1 tokens after the abort; --max-overrun allows 0" in done.report["trials"][0]["reason"]


def test_an_overrun_nobody_counts_cannot_be_judged(cli: Cli, mock: Mock) -> None:
    done = cli("abort-test", mock.url + PATH, "--max-overrun", "5", "--witness", "queue", "--grace", "0.5")
    assert done.code == 4


def test_half_close_is_reported_not_judged(cli: Cli) -> None:
    done = cli("abort-test", "--how", "half-close", "--report", "json")
    [trial] = done.report["trials"]
    assert (trial["answer"], trial["verdict"]) == ("stopped", None)
    assert (done.report["verdict"], done.code) == ("inconclusive", 4)
    assert "reported, not judged" in " ".join(done.report["notes"])
    assert cli("abort-test", "--how", "half-close", "--how", "fin").code == 0


# -- phases


@pytest.mark.parametrize(
    ("at", "knobs", "reason"),
    [
        (
            "mid-stream",
            "tokens=3",
            "the stream finished after 3 content deltas, before the abort; abort earlier, or ask for a longer answer",
        ),
        ("after-tokens:50", "tokens=20,itl_ms=1", "finished after 20 content deltas"),
        ("after-ms:60000", "tokens=5", "finished after 5 content deltas"),
        ("silent-gap", "tokens=10,ttft_ms=1", "finished after 10 content deltas"),
        ("mid-stream", "fault=truncate@4", "the stream was truncated before the abort"),
        ("near-end", "fault=truncate@4", "the reference stream was truncated"),
        ("near-end", "tokens=0", "the reference stream had no content"),
    ],
)
def test_a_phase_that_is_not_reached(at: str, knobs: str, reason: str, cli: Cli) -> None:
    done = cli("abort-test", "--at", at, "--model", f"mock/{knobs}", "--report", "json")
    [trial] = done.report["trials"]
    assert (trial["answer"], done.report["verdict"], done.code) == ("unknown", "inconclusive", 4)
    assert reason in trial["reason"]


def test_a_silent_gap_is_waited_for(cli: Cli) -> None:
    done = cli(
        "abort-test", "--at", "silent-gap", "--model", "mock/itl_ms=1000,ttft_ms=1,tokens=100", "--report", "json"
    )
    [trial] = done.report["trials"]
    assert (trial["answer"], trial["verdict"]) == ("stopped", "pass")
    assert trial["left_ms"] >= 300


def test_near_the_end_is_nine_tenths_of_a_reference(cli: Cli) -> None:
    done = cli("abort-test", "--at", "near-end", "--model", "mock/tokens=100,itl_ms=5", "--report", "json")
    [trial] = done.report["trials"]
    assert (trial["answer"], trial["deltas"] >= 90) == ("stopped", True)


def test_requests_that_want_no_stream(cli: Cli) -> None:
    body = {"model": "mock/tokens=10000", "messages": [{"role": "user", "content": "hi"}]}
    words = ["abort-test", "--data", json.dumps(body), "--report", "json"]
    done = cli(*words, "--at", "before-headers")
    assert (done.report["trials"][0]["answer"], done.code) == ("stopped", 0), done
    quick = json.dumps({**body, "model": "mock/tokens=2"})
    done = cli("abort-test", "--data", quick, "--report", "json", "--at", "after-ms:30000")
    assert "answered in one piece" in done.report["trials"][0]["reason"]
    assert done.code == 4


# -- many at once


def test_half_of_them_leave_and_the_others_stay_whole(cli: Cli) -> None:
    done = cli(
        "abort-test", "--concurrency", "6", "--control", "2", "--model", "mock/tokens=200,itl_ms=10", "--report", "json"
    )
    [trial] = done.report["trials"]
    assert (trial["aborted_clients"], trial["control_clients"], trial["control_failures"], trial["answer"]) == (
        3,
        5,
        [],
        "stopped",
    )
    assert done.code == 0


def test_a_server_that_cuts_healthy_streams_fails(cli: Cli, serve: Serve) -> None:
    lock, seen = threading.Lock(), []

    def cut_two(peer: Peer) -> None:
        with lock:
            seen.append(peer)
            cut = len(seen) in (2, 3)  # one of which may be the one that is to leave
        peer.send(HEAD)
        for number in range(2 if cut else 30):
            peer.stream_more(chunk(f" {number}"))
        if not cut:
            peer.stream_more(chunk(finish="stop"), DONE)
        peer.send(LAST_CHUNK)

    done = cli("abort-test", serve(cut_two).url + PATH, "--control", "3", "--report", "json", "--at", "after-ms:5000")
    [trial] = done.report["trials"]
    assert len(trial["control_failures"]) in (1, 2)
    assert trial["control_failures"][0].startswith("truncated")
    assert (done.report["verdict"], done.code) == ("fail", 1)


# -- bad input, hostile servers


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--how", "slam"], "expected fin, rst, half-close, stall or h2-reset"),
        (["--how", "h2-reset"], "add --http2"),
        (["--at", "later"], "not a phase"),
        (["--at", "after-tokens:0"], "not a phase"),
        (["--at", "after-tokens"], "not a phase"),
        (["--at", "after-ms:-1"], "not a phase"),
        (["--expect", "maybe"], "expected stop or continue"),
        (["--trials", "0"], "--trials"),
        (["--grace", "-1"], "--grace"),
        (["--report", "pdf"], "unknown format"),
        (["https://127.0.0.1:9/", "--cacert", "/nowhere.pem"], "cannot be read as PEM certificates"),
    ],
)
def test_wrong_words(words: list[str], expected: str, cli: Cli) -> None:
    done = cli("abort-test", *words)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err


def test_a_dead_target(cli: Cli) -> None:
    done = cli("abort-test", "http://127.0.0.1:9" + PATH, "--report", "json")
    assert (done.report["verdict"], done.code) == ("fail", 3)
    assert "connection refused" in done.err


def test_a_target_that_is_no_stream(cli: Cli, serve: Serve) -> None:
    server = serve(
        lambda peer: peer.send(answer("404 Not Found", b'{"detail": "no"}', Content_Type="application/json"))
    )
    done = cli("abort-test", server.url + PATH, "--report", "json")
    assert (done.report["verdict"], done.code) == ("fail", 3)
    assert "answered 404" in done.err


def test_what_a_server_says_reaches_no_terminal_and_keys_no_report(cli: Cli, serve: Serve) -> None:
    def hostile(peer: Peer) -> None:
        if peer.path.startswith("/stats"):
            peer.send(answer("200 OK", b'{"\\u001b[2Jkey": 1, "s3cret-key": 2}', Content_Type="application/json"))
        else:
            peer.stream(*good("\x1b[2J", *map(str, range(20))))

    server = serve(hostile)
    done = cli(
        "abort-test", server.url + PATH, "--witness", f"http-json:{server.url}/stats?token=s3cret#/tokens",
        "--api-key-env", "KEY", env={"KEY": "s3cret-key"},
    )  # fmt: skip
    assert done.code == 4
    assert "\x1b" not in done.out + done.err
    assert "s3cret" not in done.out + done.err
    assert "token=***" in done.out


def test_a_stop_that_nothing_confirms_is_unknown(cli: Cli, serve: Serve) -> None:
    made, asked = [0], [0]

    def once(peer: Peer) -> None:
        if peer.path == "/stats":
            peer.send(answer("200 OK", json.dumps({"tokens": made[0]}).encode(), Content_Type="application/json"))
            return
        asked[0] += 1
        if asked[0] > 1:
            peer.send(answer("429 Too Many Requests", b"{}"))
            return
        peer.send(HEAD)
        while True:  # until the client leaves
            made[0] += 1
            peer.stream_more(chunk(f" {made[0]}"))
            time.sleep(0.01)  # the model's pace

    server = serve(once)
    done = cli(
        "abort-test", server.url + PATH, "--witness", f"http-json:{server.url}/stats#/tokens", "--at", "after-tokens:50",
        "--report", "json",
    )  # fmt: skip
    [trial] = done.report["trials"]
    assert (trial["answer"], done.report["verdict"], done.code) == ("unknown", "inconclusive", 4), done
    assert "no healthy stream could be received afterwards" in trial["testimonies"][0]["evidence"]


def test_ctrl_c_reports_what_was_seen(cli: Cli) -> None:
    with mock_in_mode("good", "tokens=100000") as mock:
        process = cli.start(
            "abort-test", mock["url"] + PATH, "--witness", "mock", "--at", "mid-stream", "--at", "after-ms:60000",
            "--report", "json",
        )  # fmt: skip
        watched = Mock(mock["url"], mock["truth_url"])
        while len(watched.truths()) < 2:
            pass
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    report = json.loads(out)
    assert (report["verdict"], report["exit_code"], process.returncode) == ("inconclusive", 130, 130)
    assert [trial["answer"] for trial in report["trials"]] == ["stopped", "unknown"]
