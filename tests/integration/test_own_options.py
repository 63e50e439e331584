"""What is said of an app's own events, on the command line and in a config file, over real sockets."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Cli, Result
from tests.support.own_bodies import DONE, WORDS, sse, tokens
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, answer, transfer_chunk

Serve = Callable[[Callable[[Peer], None]], RawServer]
Script = Callable[[Peer], None]
ANSWER = "".join(WORDS)
run = Cli()


def streams(*events: bytes, kind: str | None = "text/event-stream") -> Script:
    """A chunked answer with a transfer chunk for each event."""

    def script(peer: Peer) -> None:
        named = f"Content-Type: {kind}\r\n" if kind else ""
        peer.send(f"HTTP/1.1 200 OK\r\n{named}Transfer-Encoding: chunked\r\n\r\n".encode())
        peer.send(*map(transfer_chunk, events), LAST_CHUNK)

    return script


def lines(field: str = "token") -> list[bytes]:
    return [json.dumps({field: word}).encode() + b"\n" for word in WORDS]


PIECES = [word.encode() for word in WORDS]
NESTED = [sse({"id": n, "out": {"piece": word}, "token": "decoy"}) for n, word in enumerate(WORDS)]
NAMED = [sse({"token": word}) for word in WORDS]

# name: what the server says, the options, the exit code, what is shown as text, what the summary holds
CASES: dict[str, tuple[Script, list[str], int, str | None, str]] = {
    "text at": (streams(*NESTED, DONE), ["--text-at", "/out/piece"], 0, ANSWER, "/out/piece"),
    "error at": (
        streams(*NAMED, sse({"fault": {"message": "no credits"}})),
        ["--error-at", "/fault"],
        1,
        None,
        "the stream reported an error: no credits",
    ),
    "done when a value": (streams(*NAMED, sse({"n": 1})), ["--done-when", "/n=1"], 0, ANSWER, "complete"),
    "done when a literal": (streams(*NAMED, sse("bye")), ["--done-when", "bye"], 0, ANSWER, "complete"),
    "the value is missing": (streams(*NAMED, DONE), ["--done-when", "/n=1"], 1, ANSWER, "without the end mark /n = 1"),
    "the literal is missing": (streams(*NAMED), ["--done-when", "[DONE]"], 1, ANSWER, "without the end mark [DONE]"),
    "lines as text/plain": (streams(*lines(), kind="text/plain"), ["--framing", "ndjson"], 0, ANSWER, "/token"),
    "lines as one document": (
        streams(*lines(), kind="application/json"),
        ["--framing", "ndjson"],
        0,
        ANSWER,
        "Content-Type is application/json, not application/x-ndjson",
    ),
    "SSE without a type": (
        streams(*NAMED, DONE, kind=None),
        ["--framing", "sse"],
        0,
        ANSWER,
        "Content-Type is missing",
    ),
    "SSE that looks like text": (
        streams(b"event : x\n\n", *NAMED, DONE, kind="text/plain"),
        ["--framing", "sse"],
        0,
        ANSWER,
        "Content-Type is text/plain",
    ),
    "text with a length": (
        lambda peer: peer.send(answer("200 OK", ANSWER.encode(), Content_Type="text/plain")),
        ["--framing", "text"],
        0,
        ANSWER,
        "unproven: no end mark",
    ),
    "text without a length": (streams(*PIECES, kind="text/plain"), ["--framing", "text"], 0, ANSWER, "9 events"),
    "text by itself": (streams(*PIECES, kind="text/plain; charset=utf-8"), [], 0, ANSWER, "9 events"),
    "text without a type": (streams(*PIECES, kind=None), [], 0, ANSWER, "Content-Type is missing"),
    "lines by themselves": (streams(*lines(), kind="text/plain"), [], 0, ANSWER, "/token"),
    "text that looks like SSE": (
        streams(b"data: x\n\n", *PIECES, kind="text/event-stream"),
        ["--framing", "text"],
        0,
        "data: x\n\n" + ANSWER,
        "10 events",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_options(name: str, serve: Serve) -> None:
    script, options, code, shown, said = CASES[name]
    result = run("stream", serve(script).url + "/chat", *options)
    assert result.code == code, result
    if shown is not None:
        assert result.out == shown + "\n"
    assert said in " ".join(result.err.split()), result


# --- what is no stream

NO_STREAM: dict[str, tuple[Script, list[str], str]] = {
    "a whole page of text": (
        lambda peer: peer.send(answer("200 OK", ANSWER.encode(), Content_Type="text/plain")),
        [],
        "If the app streams text as it is, say --framing text.",
    ),
    "a web page in chunks": (
        streams(b"<!doctype html>", b"<title>Sign in</title>", kind="text/html; charset=utf-8"),
        [],
        "That is a web page: check the path, and what stands before the server",
    ),
    "a web page without a type": (streams(b"<html>", b"hi", kind=None), [], "not a stream."),
    "JSON in chunks": (streams(b'{"answer": "x"}', kind="application/json"), [], "say --framing ndjson"),
    "405": (
        lambda peer: peer.send(answer("405 Method Not Allowed", b"{}", Allow="POST, OPTIONS")),
        [],
        "sseprobe sent GET, this path allows POST, OPTIONS: give a body with -d '{…}'.",
    ),
    "405 with a body": (
        lambda peer: peer.send(answer("405 Method Not Allowed", b"{}", Allow="GET")),
        ["-d", "{}"],
        "sseprobe sent POST, this path allows GET: name it with -X.",
    ),
    "405 without Allow": (
        lambda peer: peer.send(answer("405 Method Not Allowed")),
        [],
        "sseprobe sent GET, and this path does not take it: give a body with -d to send POST, or a method with -X.",
    ),
    "422": (
        lambda peer: peer.send(
            answer(
                "422 Unprocessable Entity",
                b'{"detail":[{"type":"missing","loc":["body","message"],"msg":"Field required"},'
                b'{"type":"missing","loc":["body","user","id"],"msg":"Field required"}]}',
                Content_Type="application/json",
            )
        ),
        ["-d", "{}"],
        'The server asks for other fields in the body: -d \'{"message": "…", "id": "…"}\'.',
    ),
    "422 of a query": (
        lambda peer: peer.send(
            answer("422 Unprocessable Entity", b'{"detail":[{"type":"missing","loc":["query","q"],"msg":"x"}]}')
        ),
        [],
        "The server asks for parameters in the URL: ?q=….",
    ),
    "422 without a body": (
        lambda peer: peer.send(answer("422 X", b'{"detail":[{"loc":["body"],"msg":"Field required"}]}')),
        [],
        "The server asks for a body: give it with -d '{…}'.",
    ),
}


@pytest.mark.parametrize("name", NO_STREAM)
def test_advice(name: str, serve: Serve) -> None:
    script, options, said = NO_STREAM[name]
    result = run("stream", serve(script).url + "/chat", *options)
    assert result.code == 3, result
    assert said in result.err
    assert result.err.count("\n") == 1


# --- a dialect of the config file


def test_a_dialect_of_the_config_file(tmp_path: Path, serve: Serve) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('[dialects.my-chat]\ntext = "/out/piece"\ndone = { "/last" = true }\ntokens = "/n"\n')
    words = ["--config", str(config), "--dialect", "my-chat", "--report", "json"]
    whole = serve(streams(*NESTED, sse({"last": True, "n": 9})))
    result = run("stream", whole.url + "/v1/chat/completions", *words)
    assert result.code == 0, result
    (stream,) = result.report["streams"]
    assert (result.report["target"]["dialect"], stream["text"], stream["text_at"]) == ("my-chat", ANSWER, "/out/piece")
    assert (stream["text_learned_from"], stream["ending_proven"], stream["end_mark"]) == (None, True, "/last = true")
    assert stream["metrics"]["tokens"] == 9
    assert whole.peers[0].head.startswith("GET ")  # the path is a vendor's, the request is not
    cut = serve(streams(*NESTED))
    result = run("stream", cut.url, *words)
    assert (result.code, result.report["streams"][0]["ending"]) == (1, "truncated")


def test_a_path_of_ollama_that_is_another_app(serve: Serve) -> None:
    server = serve(streams(*NAMED, DONE))
    result = run("stream", server.url + "/api/chat", "--report", "json")
    assert result.code == 0, result
    (stream,) = result.report["streams"]
    assert (result.report["target"]["dialect"], stream["text"], stream["end_mark"]) == ("plain", ANSWER, "[DONE]")
    assert (stream["events"], stream["notes"]) == (len(NAMED) + 1, [])


# --- usage errors, all in one process

USAGE_ERRORS: dict[str, tuple[list[str], str]] = {
    "pointer": (["--text-at", "token"], "--text-at token: a JSON pointer is empty or begins with a slash (RFC 6901). Did you mean /token?"),
    "dots": (["--error-at", "a.b"], "Did you mean /a/b?"),
    "framing": (["--framing", "xml"], "--framing xml: not a framing. Known are: sse, ndjson, text."),
    "no JSON": (["--done-when", "/done=yes"], "texts are quoted: /done='\"…\"'"),
    "no mark": (["--done-when", ""], "it is empty"),
    "a vendor": (["--dialect", "openai-chat", "--text-at", "/a"], "--dialect openai-chat: --text-at, --error-at, --done-when and --framing describe an app's own events."),
    "unknown dialect": (["--dialect", "my-chad", "--config", "CONFIG"], "Did you mean my-chat?"),
    "where others are named": (["--dialect", "klingon", "--config", "CONFIG"], "[dialects.NAME] in CONFIG adds others."),
    "no config file": (["--config", "/no/such.toml"], "--config /no/such.toml: no such file."),
    "a mistake in it": (["--config", "BROKEN"], 'BROKEN:2: txt: unknown key; did you mean "text"?'),
    "a mistake in it, before the mock starts": (["--config", "BROKEN", "--dialect", "my-chat"], "BROKEN:2: "),
}  # fmt: skip


@pytest.mark.parametrize("url", [["http://127.0.0.1:1/"], []], ids=["a URL", "the mock"])
@pytest.mark.parametrize("name", USAGE_ERRORS)
def test_usage_errors(name: str, url: list[str], tmp_path: Path) -> None:
    words, said = USAGE_ERRORS[name]
    files = {"CONFIG": tmp_path / "mine.toml", "BROKEN": tmp_path / "broken.toml"}
    files["CONFIG"].write_text('[dialects.my-chat]\ntext = "/a"\n')
    files["BROKEN"].write_text("[dialects.my-chat]\ntxt = 4\n")
    result = run("stream", *url, *(str(files.get(word, word)) for word in words))
    assert (result.code, result.out) == (2, "")
    for placeholder, path in files.items():
        said = said.replace(placeholder, str(path))
    assert said in result.err
    assert result.err.count("\n") == 1


# --- the rest of a session


def events_of(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.out.splitlines()]


LATE = [*tokens(field="txt"), DONE]


def test_each_event_is_printed_once_though_it_is_read_again(serve: Serve) -> None:
    server = serve(streams(*LATE))
    printed = events_of(run("stream", server.url, "--json"))
    assert [each["event"] for each in printed] == list(range(len(LATE)))
    assert [each["data"] for each in printed] == [json.dumps({"txt": word}) for word in WORDS] + ["[DONE]"]
    shown = run("stream", server.url, "--show", "events").out.splitlines()
    assert [line.split("message", 1)[1].strip() for line in shown] == [each["data"] for each in printed]


def test_a_recording_is_read_by_what_is_said_now(tmp_path: Path, serve: Serve) -> None:
    tape = str(tmp_path / "stream.jsonl")
    assert run("stream", serve(streams(*NESTED, sse({"n": 1}))).url, "--record", tape, "-q").code == 0
    result = run("stream", "--from", tape, "--text-at", "/out/piece", "--done-when", "/n=1")
    assert (result.code, result.out) == (0, ANSWER + "\n")
    result = run("stream", "--from", tape, "--done-when", "[DONE]")
    assert (result.code, "without the end mark [DONE]" in result.err) == (1, True)


def test_without_a_url_the_mock_speaks_as_such_an_app(cli: Cli) -> None:
    result = cli(
        "stream", "--text-at", "/token", "-H", "X-Mock: text=Hi%20%C3%A9%20you,ttft_ms=1,itl_ms=1", "--report", "json"
    )
    assert result.code == 0, result
    assert result.report["target"]["url"].endswith("/app/chat")
    (stream,) = result.report["streams"]
    assert (stream["text"], stream["text_at"], stream["end_mark"]) == ("Hi é you", "/token", "[DONE]")
