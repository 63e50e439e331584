"""`sseprobe check` as a user types it: verdicts, exit codes, selection, baselines, recordings."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import UNCOVERED, Cli
from tests.support.openai import DONE, chunk, good
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, answer

Serve = Callable[..., RawServer]
CHAT = "/v1/chat/completions"
ONCE = ("--repeat", "1", "--report", "json")


def _streams(*events: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.stream(*events)
        peer.send(LAST_CHUNK)

    return script


CLEAN = _streams(*good("Hello", " world"))
BOM = _streams(*[event.replace(b"data: ", b"\xef\xbb\xbfdata: ") for event in good("a")[:1]], *good("a")[1:])
CRLF = _streams(*[event.replace(b"\n", b"\r\n") for event in good("a")])


def test_a_clean_stream_passes(cli: Cli, serve: Serve) -> None:
    server = serve(CLEAN)
    result = cli("check", server.url + CHAT, "--report", "json")
    assert result.code == 0, result
    assert len(server.peers) == 3
    assert len(result.report["streams"]) == 3
    assert result.report["verdict"] == "pass"
    verdicts = {each["rule"]: each["verdict"] for each in result.report["results"]}
    assert verdicts["SSE001"] == "pass"
    assert verdicts["TRM004"] == "pass"
    assert verdicts["ABT001"] == "not-applicable"


def test_a_finding_has_its_bytes_and_its_place(cli: Cli, serve: Serve) -> None:
    events = [*good("a")[:2], b'data: {"b": \xff}\n\n', *good("a")[2:]]
    result = cli("check", serve(_streams(*events)).url + CHAT, *ONCE, "--select", "SSE001")
    assert result.code == 1
    (found,) = result.report["results"]
    assert (found["rule"], found["verdict"], found["severity"]) == ("SSE001", "fail", "error")
    finding = found["findings"][0]
    start = len(b"".join(events[:2])) + len(b'data: {"b": ')
    assert (finding["span"], finding["event"], finding["stream"]) == ([start, start + 1], 2, 0)
    assert finding["t_ms"] > 0
    assert finding["excerpt"]["marked"] == "\\xff"
    assert finding["excerpt"]["before"].endswith('data: {"b": ')
    assert finding["excerpt"]["after"].startswith("}␊␊data: ")


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("info", 1)])
def test_fail_on(level: str, code: int, cli: Cli, serve: Serve) -> None:
    result = cli("check", serve(BOM).url + CHAT, *ONCE, "--fail-on", level, "--select", "SSE002")
    assert result.code == code, result
    assert result.report["results"][0]["verdict"] == "fail"
    assert result.report["fail_on"] == level


def test_select_and_ignore(cli: Cli, serve: Serve) -> None:
    url = serve(CLEAN).url + CHAT
    result = cli("check", url, *ONCE, "--select", "sse,TRM001", "--ignore", "SSE01")
    rules = [each["rule"] for each in result.report["results"]]
    assert rules[:2] == ["SSE001", "SSE002"]
    assert "TRM001" in rules
    assert not [rule for rule in rules if rule.startswith("SSE01")]
    assert result.code == 0


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_unknown_rule(option: str, cli: Cli, serve: Serve) -> None:
    server = serve(CLEAN)
    result = cli("check", server.url + CHAT, option, "SSE00X")
    assert result.code == 2
    assert "unknown rule 'SSE00X'. Did you mean SSE0" in result.err
    assert server.peers == []


def test_what_was_named_and_cannot_be_judged(cli: Cli, serve: Serve) -> None:
    url = serve(CLEAN).url + CHAT
    for words in (("--select", "ABT001"), ("--select", "ANT"), ("--probe", "resume"), ("--probe", "abort")):
        result = cli("check", url, *ONCE, *words)
        assert (result.code, result.report["verdict"]) == (4, "inconclusive"), words


def test_a_baseline(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    bad, better = serve(CRLF).url + CHAT, serve(CLEAN).url + CHAT
    words = ("--repeat", "1", "--fail-on", "info", "--select", "SSE")
    assert cli("check", bad, *words).code == 1
    assert cli("check", bad, *words, "--write-baseline", str(known)).code == 0
    assert json.loads(known.read_text())["expected"] == [{"rule": "SSE006", "key": "SSE006/crlf"}]
    again = cli("check", bad, *words, "--baseline", str(known), "--report", "json")
    assert again.code == 0, again
    assert [finding["baselined"] for each in again.report["results"] for finding in each["findings"]] == [True]
    stale = cli("check", better, *words, "--baseline", str(known), "--report", "json")
    assert stale.code == 1
    assert stale.report["baseline"]["stale"] == ["SSE006/crlf"]
    other = cli("check", serve(BOM).url + CHAT, *words, "--baseline", str(known), "--ignore", "SSE006")
    assert other.code == 1


def test_a_baseline_hides_nothing_behind_what_it_expects(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    words = ("--repeat", "1", "--fail-on", "info", "--select", "SSE009")
    old, new = [b"foo: 1\n\n"] * 50, b"no field at all\n\n"
    assert cli("check", serve(_streams(*old, *good("a"))).url + CHAT, *words, "--write-baseline", str(known)).code == 0
    result = cli("check", serve(_streams(*old, new, *good("a"))).url + CHAT, *words, "--baseline", str(known))
    assert result.code == 1, result


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a valid baseline"),
        ('{"sseprobe_baseline": 3, "expected": []}', "version 3"),
        ('{"sseprobe_baseline": 1, "expected": [{"rule": "SSE007", "finding": "x"}]}', "Create it again"),
        ('{"sseprobe_baseline": 2, "expected": [{"rule": "SSE007", "finding": "x"}]}', "not a valid baseline"),
        ('{"sseprobe_baseline": 2, "expected": [{"rule": "SSE0077", "key": "x"}]}', "Did you mean SSE007"),
    ],
)
def test_a_broken_baseline(text: str, said: str, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text(text)
    result = cli("check", "http://127.0.0.1:1/", "--baseline", str(path))
    assert result.code == 2
    assert said in result.err
    assert str(path) in result.err


def test_what_cannot_be_read_or_written(cli: Cli, tmp_path: Path) -> None:
    for words in (
        ("--baseline", str(tmp_path / "none.json")),
        ("--write-baseline", str(tmp_path / "no" / "where.json")),
        ("--from", str(tmp_path / "none.jsonl")),
        ("--record", str(tmp_path / "no" / "where.jsonl")),
        ("--baseline", "a", "--write-baseline", "b"),
        ("--fail-on", "fatal"),
        ("--probe", "abbort"),
        ("--witness", "nobody"),
        ("--from", "a", "--probe", "abort"),
        ("--report", f"json:{tmp_path}/no/where.json"),
    ):
        url = [] if "--from" in words else ["http://127.0.0.1:1/"]
        result = cli("check", *url, *words)
        assert result.code == 2, (words, result)
        assert "Traceback" not in result.err


def test_no_stream(cli: Cli, serve: Serve) -> None:
    server = serve(lambda peer: peer.send(answer("503 No", b"busy", Content_Type="text/plain")))
    result = cli("check", server.url + CHAT, "--report", "json")
    assert (result.code, result.report["verdict"]) == (3, "fail")
    assert "503" in result.err
    assert {each["verdict"] for each in result.report["results"]} <= {"not-applicable", "fail"}
    assert len(server.peers) == 1
    assert cli("check", "http://127.0.0.1:1/").code == 3


def test_a_stream_that_times_out_is_an_error(cli: Cli, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.stream(chunk("a"))
        peer.wait_for_close()

    result = cli("check", serve(script).url + CHAT, *ONCE, "--idle-timeout", "0.3")
    assert result.code == 1, result
    assert "TRM001" in {each["rule"] for each in result.report["results"] if each["verdict"] == "fail"}


def test_a_flood_is_bounded(cli: Cli, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.stream(*good("a")[:2])
        try:
            while True:
                peer.stream_more(b"data\n\n" * 100_000)
        except OSError:
            pass

    server = serve(script)
    result = cli.process(
        "check", server.url + CHAT, "--report", "json", "--select", "TRM001,SSE", timeout=55, env=UNCOVERED
    )
    assert (result.code, len(server.peers)) == (1, 1), result
    assert result.report["streams"][0]["ending"] == "limit"
    assert "1,000,000 events" in result.report["streams"][0]["ending_reason"]


def test_a_recording_is_judged_as_the_stream_was(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    tape = str(tmp_path / "tape.jsonl")
    events = [*good("a")[:2], DONE]
    live = cli("check", serve(_streams(*events)).url + CHAT, *ONCE, "--record", tape)
    recorded = cli("check", "--from", tape, "--report", "json")
    failing = [
        {each["rule"]: [finding["span"] for finding in each["findings"]] for each in result.report["results"]
         if each["verdict"] == "fail"}
        for result in (live, recorded)
    ]  # fmt: skip
    assert failing[0] == failing[1]
    assert (live.code, recorded.code) == (1, 1)
    assert recorded.report["target"]["url"].endswith(CHAT)


def test_a_refused_repetition_leaves_it_open(cli: Cli, serve: Serve) -> None:
    seen: list[Peer] = []

    def script(peer: Peer) -> None:
        seen.append(peer)
        if len(seen) > 1:
            return peer.send(answer("429 Slow Down", b"{}", Retry_After="1"))
        return CLEAN(peer)

    result = cli("check", serve(script).url + CHAT, "--report", "json")
    repeats = next(each for each in result.report["results"] if each["rule"] == "TRM004")
    assert (repeats["verdict"], result.code) == ("inconclusive", 0)
    assert "429" in repeats["reason"]
    assert cli("check", serve(script).url + CHAT, "--probe", "repeat").code in (3, 4)


def test_ctrl_c_keeps_what_was_seen(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    arrived: list[Peer] = []

    def script(peer: Peer) -> None:
        if arrived:
            peer.stream(chunk("a"))
            arrived.append(peer)
            running.send_signal(signal.SIGINT)
            peer.wait_for_close()
        else:
            arrived.append(peer)
            CLEAN(peer)

    report = tmp_path / "report.json"
    running = cli.start("check", serve(script).url + CHAT, "--report", f"json:{report}")
    running.communicate(timeout=40)
    assert running.returncode == 130
    told = json.loads(report.read_text())
    assert (told["verdict"], told["exit_code"]) == ("inconclusive", 130)
    assert {each["verdict"] for each in told["results"] if each["rule"].startswith("SSE")} >= {"pass"}


def test_no_credential_is_told(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        secret = (peer.header("authorization") or "").rpartition(" ")[2].encode()
        peer.stream(*good("a")[:2], b"data: {" + secret + b"\xff}\n\n", secret + b"\n\n", *good("a")[2:])
        peer.send(LAST_CHUNK)

    tape = tmp_path / "tape.jsonl"
    paths = {name: tmp_path / f"report.{name}" for name in ("json", "junit", "sarif", "html", "markdown", "github")}
    words = [word for name, path in paths.items() for word in ("--report", f"{name}:{path}")]
    env = {"K": "sk-very-secret-key"}
    url = serve(script).url + CHAT
    result = cli("check", url, "--repeat", "1", "--api-key-env", "K", "--record", str(tape), *words, env=env)
    assert result.code == 1, result
    for text in (result.out, result.err, tape.read_text(), *(path.read_text() for path in paths.values())):
        assert "sk-very-secret-key" not in text
    assert "***" in paths["json"].read_text()


@pytest.mark.parametrize(
    ("status", "verdict"), [("307 Temporary", "pass"), ("308 Permanent", "pass"), ("302 Found", "fail")]
)
def test_redirects(status: str, verdict: str, cli: Cli, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        if peer.path == CHAT:
            return peer.send(answer(status, Location=f"{CHAT}/there/chat/completions"))
        return CLEAN(peer)

    result = cli("check", serve(script).url + CHAT, *ONCE, "--select", "HTTP011")
    assert [each["verdict"] for each in result.report["results"]] == [verdict], result
