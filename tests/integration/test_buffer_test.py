"""`sseprobe buffer-test` as people use it: proxies that hold, cut and refuse, remedies that were seen to help, two paths."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Result
from tests.support.mock import Mock
from tests.support.openai import DONE, chunk
from tests.support.processes import free_port, started
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, answer

PATH = "/v1/chat/completions"
KNOBS = "X-Mock: tokens=100,itl_ms=20"  # 4 KiB hold the first for 0.36 s: far from the 0.15 s that are let pass
NO_BUFFERING = "send X-Accel-Buffering: no"
NO_TRANSFORM = "send Cache-Control: no-cache, no-transform"
Serve = Callable[..., RawServer]


@pytest.fixture(scope="module")
def bare(mock: Mock) -> Iterator[str]:
    """The mock as most apps are: without the headers that keep hops from buffering."""
    words = ["--fault", "strip:X-Accel-Buffering", "--fault", "strip:Cache-Control"]
    with started("-m", "sseprobe", "proxy", mock.url, "--port", "0", "--json", *words) as told:
        yield told["url"]


def profile_of(done: Result, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in done.report["profiles"] if each["profile"] == name)
    return found


def tried(cli: Cli, url: str, *words: str) -> Result:
    return cli("buffer-test", url + PATH, "-H", KNOBS, "--report", "json", *words)


@pytest.mark.timeout(120)
def test_without_words_the_mock_stands_behind_every_hop(cli: Cli) -> None:
    done = cli("buffer-test", "--report", "json")
    report = done.report
    assert (report["command"], report["verdict"], done.code) == ("buffer-test", "pass", 0), done
    found = {each["profile"]: each for each in report["profiles"]}
    assert len(found) == 20
    assert [stream["ending"] for stream in report["streams"]] == ["complete"]
    held = {"haproxy", "lighttpd", "full-buffer", "aws-apigw-buffered", "azure-appgw-buffered", "av-scanner"}
    assert held <= {name for name, each in found.items() if each["verdict"] == "fail"}
    assert not any(each["counted"] for each in found.values() if each["verdict"] == "fail")
    for name in ("transparent", "nginx-legacy", "nginx-1.30", "apache", "alb", "cloudfront", "express-compression"):
        assert found[name]["verdict"] == "pass", found[name]
        assert found[name]["added_delay_ms"]["p50"] is not None
    # Its heartbeats bridge every idle limit, in accelerated time.
    limits = {(name, each["limit"]): each for name, hop in found.items() for each in hop["limits"]}
    assert limits["alb", "idle"]["answer"] == "kept"
    assert limits["alb", "idle"]["scale"] > 10
    assert limits["envoy-default", "total"]["answer"] == "cut"
    assert {name: found[name]["abort"]["answer"] for name in ("transparent", "haproxy", "lighttpd")} == {
        "transparent": "stopped",
        "haproxy": "stopped",
        "lighttpd": "running",
    }


def test_a_hop_that_holds_and_the_header_that_was_seen_to_help(cli: Cli, bare: str) -> None:
    done = tried(cli, bare, "--profile", "nginx-legacy")
    assert (done.report["verdict"], done.code) == ("fail", 1)
    hop = profile_of(done, "nginx-legacy")
    assert hop["verdict"] == "fail"
    assert hop["bunching_ratio"] > 5
    assert hop["added_delay_ms"]["p50"] > 20
    assert hop["ending"] == "complete"
    assert hop["remedies"][0] == NO_BUFFERING
    assert NO_TRANSFORM not in hop["remedies"]
    by_remedy = {each["remedy"]: each for each in hop["tried"]}
    assert by_remedy[NO_TRANSFORM]["helped"] is False
    assert by_remedy[NO_BUFFERING]["where"] == "endpoint"


def test_what_the_endpoint_sends_already_is_no_remedy(cli: Cli, mock: Mock) -> None:
    done = tried(cli, mock.url, "--profile", "nginx-legacy", "--profile", "haproxy")
    assert profile_of(done, "nginx-legacy")["verdict"] == "pass"
    hop = profile_of(done, "haproxy")
    assert (hop["verdict"], hop["counted"], done.code) == ("fail", True, 1)
    assert {each["where"] for each in hop["tried"]} == {"hop"}
    assert any("http-no-delay" in remedy for remedy in hop["remedies"])
    assert hop["burst_events"] > 5


def test_a_compressor_that_is_not_flushed(cli: Cli, bare: str) -> None:
    hop = profile_of(tried(cli, bare, "--profile", "express-compression"), "express-compression")
    assert hop["verdict"] == "fail"
    assert hop["remedies"][0] == NO_TRANSFORM
    assert any("Accept-Encoding: identity" in remedy for remedy in hop["remedies"])


def test_nothing_helps_against_a_hop_that_waits_for_the_end(cli: Cli, bare: str) -> None:
    done = tried(cli, bare, "--profile", "full-buffer")
    hop = profile_of(done, "full-buffer")
    assert (hop["verdict"], done.code) == ("fail", 1)
    assert "all at once" in hop["meaning"]
    assert not any(each["helped"] for each in hop["tried"] if each["where"] == "endpoint")


def test_a_hop_with_nothing_to_hold_passes(cli: Cli, bare: str) -> None:
    done = tried(cli, bare, "--profile", "transparent")
    assert done.code == 0
    hop = profile_of(done, "transparent")
    assert hop["added_ttft_ms"] is not None
    assert hop["tried"] == []
    assert "name a --witness" in " ".join(done.report["notes"])


def test_with_a_witness_it_is_seen_whether_leaving_reaches_the_server(cli: Cli, mock: Mock) -> None:
    words = ["--profile", "transparent", "--profile", "lighttpd", "--witness", f"mock:{mock.truth_url}"]
    done = cli("buffer-test", mock.url + PATH, "-H", "X-Mock: tokens=200", "--report", "json", *words)
    assert profile_of(done, "transparent")["abort"]["answer"] == "stopped"
    assert profile_of(done, "lighttpd")["abort"]["answer"] == "running"


OWN = """
name = "impatient"
title = "cuts after a short silence"
basis = "documented"
[knobs]
idle_timeout_s = 0.4
on_timeout = "eof_truncated"
[sources]
idle_timeout_s = "this test"
"""


def test_a_hop_of_ones_own_that_cuts(cli: Cli, mock: Mock, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN)
    words = ["--profile", str(own), "--report", "json"]
    knobs = "X-Mock: tokens=5,ttft_ms=1500,heartbeat_s=0"
    done = cli("buffer-test", mock.url + PATH, "-H", knobs, *words)
    assert done.code == 1
    hop = profile_of(done, "impatient")
    assert hop["ending"] == "truncated"
    assert [each["answer"] for each in hop["limits"]] == ["cut"]
    assert hop["remedies"] == []  # a heartbeat each 15 s is too slow for it, and that was seen


def test_a_mock_without_heartbeats_is_cut_and_heartbeats_help(cli: Cli) -> None:
    done = cli("buffer-test", "--profile", "alb", "-H", "X-Mock: heartbeat_s=0", "--report", "json")
    hop = profile_of(done, "alb")
    assert (hop["verdict"], done.code) == ("fail", 1)
    assert any("heartbeat" in remedy and "15 s" in remedy for remedy in hop["remedies"])


class TestTwoPaths:
    def test_blocks(self, cli: Cli, mock: Mock) -> None:
        words = ["-m", "sseprobe", "proxy", mock.url, "--port", "0", "--json", "--fault", "hold:4096"]
        with started(*words) as hop:
            done = tried(cli, hop["url"], "--direct", mock.url + PATH)
        path = done.report["path"]
        assert (done.report["verdict"], done.code) == ("fail", 1), done
        assert (path["buffers"], path["kind"], path["block_bytes"]) == ("yes", "block", 4096)
        assert path["confidence"] == "certain"
        assert "nginx-legacy" in path["like"]
        assert done.report["profiles"] == []
        assert len(done.report["streams"]) == 2

    @pytest.mark.parametrize(("fault", "kind"), [("hold-all", "whole-body"), ("coalesce:250", "timer")])
    def test_other_ways_to_hold(self, cli: Cli, mock: Mock, fault: str, kind: str) -> None:
        with started("-m", "sseprobe", "proxy", mock.url, "--port", "0", "--json", "--fault", fault) as hop:
            done = tried(cli, hop["url"], "--direct", mock.url + PATH)
        assert (done.report["path"]["buffers"], done.report["path"]["kind"], done.code) == ("yes", kind, 1), done

    def test_none(self, cli: Cli, mock: Mock) -> None:
        with started("-m", "sseprobe", "proxy", mock.url, "--port", "0", "--json") as hop:
            done = tried(cli, hop["url"], "--direct", mock.url + PATH)
        assert (done.report["path"]["buffers"], done.report["verdict"], done.code) == ("no", "pass", 0), done

    def test_too_little_to_tell(self, cli: Cli, mock: Mock) -> None:
        url = mock.url + PATH
        done = cli("buffer-test", url, "--direct", url, "-H", "X-Mock: tokens=2", "--report", "json")
        assert (done.report["path"]["buffers"], done.report["verdict"], done.code) == ("unknown", "inconclusive", 4)

    def test_a_path_that_cuts_does_not_pass(self, cli: Cli, mock: Mock) -> None:
        with started("-m", "sseprobe", "proxy", mock.url, "--port", "0", "--json", "--fault", "eof-after:9000") as hop:
            done = tried(cli, hop["url"], "--direct", mock.url + PATH)
        assert (done.report["verdict"], done.code) == ("fail", 1), done

    def test_a_path_that_is_down(self, cli: Cli, mock: Mock) -> None:
        done = tried(cli, mock.url, "--direct", f"http://127.0.0.1:{free_port()}{PATH}")
        assert done.code == 3
        assert "--direct" in done.report["error"]


class TestTrouble:
    def test_the_endpoint_is_down(self, cli: Cli) -> None:
        done = tried(cli, f"http://127.0.0.1:{free_port()}", "--profile", "haproxy")
        assert (done.code, done.report["profiles"]) == (3, [])
        assert "refused" in done.report["error"]

    def test_an_endpoint_that_fails_behind_the_hop_only_is_named(self, cli: Cli, serve: Serve) -> None:
        """It answers once, and then no more, as a rate limit does: that is not the hop's doing."""
        asked: list[Peer] = []

        def script(peer: Peer) -> None:
            asked.append(peer)
            if len(asked) > 1:
                peer.send(answer("429 Too Many Requests", b"slow down"))
                return
            peer.stream(*(chunk("word ") for _ in range(30)))
            peer.stream_more(chunk(None, finish="stop"), DONE)
            peer.send(LAST_CHUNK)

        done = cli("buffer-test", serve(script).url + PATH, "--profile", "haproxy", "--report", "json")
        hop = profile_of(done, "haproxy")
        assert (hop["verdict"], done.report["verdict"], done.code) == ("inconclusive", "inconclusive", 4)
        assert "429" in hop["reason"]

    def test_an_endpoint_that_is_truncated_by_itself_is_no_measure(self, cli: Cli, mock: Mock) -> None:
        words = ["--profile", "transparent", "--report", "json"]
        done = cli("buffer-test", mock.url + PATH, "-H", "X-Mock: tokens=20,fault=cut@3", *words)
        assert (done.report["verdict"], done.code) == ("inconclusive", 4)
        assert "asked directly, the stream ends truncated" in " ".join(done.report["notes"])

    def test_a_redirect_does_not_lead_past_the_hop(self, cli: Cli, mock: Mock, serve: Serve) -> None:
        def script(peer: Peer) -> None:
            peer.send(answer("307 Temporary Redirect", Location=mock.url + PATH))

        done = tried(cli, serve(script).url, "--profile", "full-buffer")
        assert profile_of(done, "full-buffer")["verdict"] == "fail"

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--profile", "nginx-legcy"], "nginx-legacy"),
            (["--profile", "no/such.toml"], "no/such.toml"),
            (["--direct", "http://127.0.0.1:1/"], "give the other path as URL"),
            (["http://127.0.0.1:1/x", "--real-time"], "is for the bundled mock"),
            (["http://127.0.0.1:1/x", "--witness", "upstream:9000"], "sseprobe mock --port 9000"),
            (["http://127.0.0.1:1/x", "--witness", "nonsense"], "unknown witness"),
        ],
    )
    def test_wrong_words(self, cli: Cli, words: list[str], said: str) -> None:
        done = cli("buffer-test", *words)
        assert done.code == 2, done
        assert said in done.err

    def test_interrupted_it_reports_what_was_seen(self, cli: Cli, serve: Serve) -> None:
        asked: list[Peer] = []

        def script(peer: Peer) -> None:
            asked.append(peer)
            if len(asked) == 2:  # the first of those behind hops, which run side by side
                process.send_signal(signal.SIGINT)
            if len(asked) > 1:
                peer.wait_for_close()
                return
            peer.stream(chunk("word "), chunk(None, finish="stop"), DONE)
            peer.send(LAST_CHUNK)

        words = ["--profile", "full-buffer", "--profile", "transparent", "--report", "json"]
        process = cli.start("buffer-test", serve(script).url + PATH, *words)
        out, err = process.communicate(timeout=50)
        told = json.loads(out)
        assert (told["verdict"], told["exit_code"], process.returncode) == ("inconclusive", 130, 130)
        assert [stream["ending"] for stream in told["streams"]] == ["complete"]
        assert b"Traceback" not in err


def test_the_terminal_says_it_in_words(cli: Cli, bare: str) -> None:
    done = cli("buffer-test", bare + PATH, "-H", KNOBS, "--profile", "nginx-legacy")
    assert done.out.splitlines()[-1].startswith("FAIL  buffer-test")
    assert "X-Accel-Buffering: no" in done.out
    assert not re.search(r"\x1b", done.out + done.err)
