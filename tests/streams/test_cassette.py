"""Cassettes: what is saved loads as it was, byte for byte; what is none is refused with a reason and a place."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sseprobe.errors import UsageError
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Head, Read, Request
from sseprobe.redaction import Redactor
from sseprobe.streams import cassette as module
from sseprobe.streams.cassette import Cassette, End, Opening, Recorder, load, save
from sseprobe.text import scalar
from tests.support.cli import Cli

SCALARS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\u2028\u2029", "\0\r\n\x1b\x7f\x9b\u202e"]
)
TIMES = st.integers(0, 2**62)
PAIRS = st.lists(st.tuples(SCALARS, SCALARS), max_size=4)
DATA = (
    st.binary(max_size=60) | SCALARS.map(str.encode) | st.sampled_from([b"", b"\xff\xfe", b"\xed\xa0\x80", b"\r\n\0"])
)
OPENINGS = st.builds(Opening, st.just(1), SCALARS, SCALARS, SCALARS, PAIRS, st.none() | SCALARS, SCALARS)


@st.composite
def timelines(draw: st.DrawFn) -> tuple[int, list[Chunk], int]:
    """The time of the head, chunks, and the time of the end."""
    pieces = draw(st.lists(DATA, max_size=8))
    times = sorted(draw(st.lists(TIMES, min_size=len(pieces) + 2, max_size=len(pieces) + 2)))
    indices = sorted(draw(st.lists(TIMES, min_size=len(pieces), max_size=len(pieces))))
    chunks = []
    for data, index, t_ns in zip(pieces, indices, times[1:], strict=False):
        read = Read(index, t_ns, draw(st.sampled_from(Clock)), draw(st.none() | TIMES), draw(TIMES))
        chunks.append(Chunk(data, read))
    return times[0], chunks, times[-1]


@st.composite
def cassettes(draw: st.DrawFn) -> Cassette:
    """Any cassette, also one that was cut short."""
    head_ns, chunks, end_ns = draw(timelines())
    head = Head(draw(st.integers(200, 999)), draw(SCALARS), draw(SCALARS), draw(PAIRS), draw(SCALARS), head_ns)
    end = End(draw(st.sampled_from(BodyEnd)), end_ns, draw(st.none() | SCALARS))
    return Cassette(draw(OPENINGS), head, chunks, draw(st.sampled_from([end, None])))


def loaded(data: bytes) -> Cassette:
    return load(io.BytesIO(data), "c.jsonl")


@given(cassettes())
def test_what_is_saved_loads_as_it_was(cassette: Cassette) -> None:
    saved = save(cassette)
    assert loaded(saved) == cassette
    assert save(loaded(saved)) == saved
    assert len(saved.split(b"\n")) == 3 + len(cassette.chunks) + (cassette.last is not None)


SECRETS = st.lists(st.sampled_from(["abab", "aaaab", "sk-é", 'q"q"']), max_size=2)
NEAR_SECRETS = st.lists(st.sampled_from([b"a", b"b", b"ab", b"sk-", b"\xc3", b"\xa9", b"", b'q"', b"\\"]), max_size=30)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[bytes, list[bytes], list[str]]:
    """What a recorder wrote, the chunks it was given, and the credentials it was to mask."""
    secrets = draw(SECRETS)
    head_ns, chunks, end_ns = draw(timelines())
    if draw(st.booleans()):
        pieces = draw(NEAR_SECRETS)
        chunks = [Chunk(data, Read(at, head_ns + at, Clock.USER, None, 0)) for at, data in enumerate(pieces)]
        end_ns = head_ns + len(pieces)
    recorder = Recorder(Redactor(secrets))
    request = Request("POST", "http://u:p@h/v1/é?key=1", [("Authorization", "Bearer x")], draw(st.none() | DATA))
    head = Head(200, "OK", "1.1", draw(PAIRS), "http://h/", head_ns)
    lines = [recorder.opening(request, "plain", "2026-01-01"), recorder.head(head), *map(recorder.chunk, chunks)]
    lines.append(recorder.end(draw(st.sampled_from(BodyEnd)), end_ns, draw(st.none() | SCALARS)))
    return b"".join(lines), [chunk.data for chunk in chunks], secrets


@given(recordings())
def test_what_is_recorded_is_saved_as_it_was(recording: tuple[bytes, list[bytes], list[str]]) -> None:
    written, pieces, secrets = recording
    cassette = loaded(written)
    assert save(cassette) == written
    assert [len(chunk.data) for chunk in cassette.chunks] == list(map(len, pieces))
    assert cassette.body == Redactor(secrets).raw(b"".join(pieces))


@given(recordings(), st.data())
def test_a_recording_that_was_cut_short_is_aborted(
    recording: tuple[bytes, list[bytes], list[str]], data: st.DataObject
) -> None:
    written, _, _ = recording
    cut = written[: data.draw(st.integers(0, len(written) - 2))]
    whole_lines = cut[: cut.rfind(b"\n") + 1]
    if cut.count(b"\n") < 2 and not (cut.count(b"\n") == 1 and cut + b"\n" == written[: len(cut) + 1]):
        with pytest.raises(UsageError, match=r"no stream was recorded|cut short before|not a cassette: expected"):
            loaded(cut)
        return
    cassette = loaded(cut)
    assert (cassette.last, cassette.end.end, cassette.end.problem) == (
        None,
        BodyEnd.ABORT,
        "the recording was cut short",
    )
    # A line is whole without the newline after it.
    assert save(cassette) in (whole_lines, cut + b"\n")


@given(st.text(st.characters(categories=["Cs", "L"]), min_size=1))
def test_a_lone_surrogate_becomes_a_replacement_character(text: str) -> None:
    opening = Opening(1, text, text, text, [(text, text)], text, text)
    written = save(Cassette(opening, Head(200, text, "1.1", [(text, text)], text, 0), [], None))
    assert loaded(written).opening.url == scalar(text)
    assert save(loaded(written)) == written


OPENING: dict[str, Any] = {
    "sseprobe_cassette": 1,
    "recorded_at": "",
    "method": "GET",
    "url": "http://h/",
    "headers": [],
    "body": None,
    "dialect": "plain",
}
HEAD: dict[str, Any] = {
    "head": {"status": 200, "reason": "", "http_version": "1.1", "headers": [], "url": "http://h/", "t_ns": 5}
}
CHUNK: dict[str, Any] = {
    "line": "chunk",
    "read": 3,
    "t_ns": 9,
    "clock": "user",
    "lag_ns": None,
    "blind_ns": 0,
    "text": "data: x\n\n",
}
END: dict[str, Any] = {"line": "end", "end": "last-chunk", "t_ns": 12, "problem": None}


def lines(*values: Any) -> bytes:
    return b"".join((value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n" for value in values)


def without(value: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name != key}


def head(**changed: Any) -> dict[str, Any]:
    return {"head": HEAD["head"] | changed}


DEEP = b"[" * 100_000
CASES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "c.jsonl: the file is empty"),
    "blank": (b"\n \n\n", "c.jsonl: the file is empty"),
    "a body": (b"data: x\n\n", "c.jsonl: not a cassette: expected"),
    "binary": (b"\x7fELF\0\xff\xfe", "c.jsonl: not a cassette: expected"),
    "another JSON": (b'{"schema_version": 1}\n', "c.jsonl: not a cassette: expected"),
    "newer": (
        lines({"sseprobe_cassette": 2}),
        "c.jsonl: a cassette of version 2; this sseprobe reads version 1: update",
    ),
    "version 0": (lines(OPENING | {"sseprobe_cassette": 0}), "line 1: there is no version 0"),
    "a version that is none": (lines({"sseprobe_cassette": "1"}), "line 1: .*Expected `int`"),
    "broken opening": (b'{"sseprobe_cassette":1,\n', "line 1: .*JSON is malformed|truncated"),
    "opening lacks a field": (lines(without(OPENING, "url"), HEAD), "line 1: .*required field `url`"),
    "no head": (lines(OPENING), "cut short before the response head"),
    "torn head": (lines(OPENING) + b'{"head":{"sta', "cut short before the response head"),
    "head lacks a field": (lines(OPENING, {"head": without(HEAD["head"], "status")}), "line 2: .*field `status`"),
    "head before time": (lines(OPENING, head(t_ns=-1)), "line 2: the time of the head is -1 ns"),
    "no status": (lines(OPENING, head(status=7)), "line 2: 7 is not the status"),
    "broken JSON": (lines(OPENING, HEAD, b"{"), "line 3: .*truncated"),
    "not UTF-8": (lines(OPENING, HEAD, b'{"line":"chunk","clock":"\xff"}'), "line 3: .*can't decode"),
    "no such line": (lines(OPENING, HEAD, CHUNK | {"line": "x\x1b"}), "line 3: .*Invalid value"),
    "deep": (lines(OPENING, HEAD, b'{"line":"chunk","x":' + DEEP), "line 3: .*nested too deeply"),
    "missing field": (lines(OPENING, HEAD, without(CHUNK, "t_ns")), "line 3: .*required field `t_ns`"),
    "negative time": (lines(OPENING, HEAD, CHUNK | {"t_ns": -9}), "line 3: .*>= 0"),
    "endless time": (
        lines(OPENING, HEAD, CHUNK | {"t_ns": 10**30}),
        "line 3: .*<= 9223372036854775807|line 3: .*range",
    ),
    "negative read": (lines(OPENING, HEAD, CHUNK | {"read": -1}), "line 3: .*>= 0"),
    "negative lag": (lines(OPENING, HEAD, CHUNK | {"lag_ns": -1}), "line 3: .*>= 0"),
    "negative blindness": (lines(OPENING, HEAD, CHUNK | {"blind_ns": -1}), "line 3: .*>= 0"),
    "before the head": (lines(OPENING, HEAD, CHUNK | {"t_ns": 4}), "line 3: its time runs backwards: 4 ns after 5 ns"),
    "backwards": (lines(OPENING, HEAD, CHUNK, CHUNK | {"t_ns": 8}), "line 4: its time runs backwards: 8 ns after 9 ns"),
    "ends too early": (lines(OPENING, HEAD, CHUNK, END | {"t_ns": 8}), "line 4: its time runs backwards"),
    "reads backwards": (
        lines(OPENING, HEAD, CHUNK, CHUNK | {"read": 2}),
        "line 4: its reads run backwards: read 2 after",
    ),
    "no data": (lines(OPENING, HEAD, without(CHUNK, "text")), "line 3: a chunk has either text or base64"),
    "data twice": (lines(OPENING, HEAD, CHUNK | {"base64": "eA=="}), "line 3: a chunk has either text or base64"),
    "no base64": (lines(OPENING, HEAD, without(CHUNK, "text") | {"base64": "é!"}), "line 3: invalid base64"),
    "half a base64": (lines(OPENING, HEAD, without(CHUNK, "text") | {"base64": "eA="}), "line 3: invalid base64"),
    "no such end": (lines(OPENING, HEAD, END | {"end": "well"}), "line 3: .*Invalid enum value"),
    "after the end": (lines(OPENING, HEAD, END, CHUNK), "line 4: there are lines after the end"),
    "two ends": (lines(OPENING, HEAD, END, END), "line 4: there are lines after the end"),
    "blank lines count": (b"\n\n" + lines(OPENING, b"", HEAD, b" ", b"{"), "line 7: .*truncated"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_cassette_is_refused(case: str) -> None:
    data, said = CASES[case]
    with pytest.raises(UsageError, match=said) as raised:
        loaded(data)
    assert str(raised.value).startswith("c.jsonl")


def test_blank_lines_are_nothing() -> None:
    assert loaded(b"\n" + lines(OPENING, b"", HEAD, b"\t ", CHUNK, END) + b"\n") == loaded(
        lines(OPENING, HEAD, CHUNK, END)
    )


def test_an_endless_line_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 1024)
    with pytest.raises(UsageError, match="line 3: it is longer than 1 KiB"):
        loaded(lines(OPENING, HEAD, CHUNK | {"text": "x" * 1025}, END))
    assert loaded(lines(OPENING, HEAD, CHUNK | {"text": "x" * 800}, END)).body == b"x" * 800


def test_binary_data_is_base64() -> None:
    cassette = loaded(lines(OPENING, HEAD, CHUNK | {"base64": base64.b64encode(b"\xff").decode(), "text": None}, END))
    assert cassette.body == b"\xff"
    assert b'"base64":"/w=="' in save(cassette)
    assert b'"text"' not in save(cassette)


def test_a_known_credential_is_masked_wherever_it_stands() -> None:
    recorder = Recorder(Redactor(["sk-secret"]))
    written = recorder.opening(
        Request("GET", "http://h/?q=sk-secret", [("X-Mine", "sk-secret")], b"sk-secret"), "plain", ""
    )
    written += recorder.head(Head(200, "sk-secret", "1.1", [("X", "a sk-secret")], "http://h/sk-secret", 0))
    written += recorder.chunk(Chunk(b"sk-secret", Read(0, 1, Clock.USER, None, 0)))
    written += recorder.end(BodyEnd.PROTOCOL_ERROR, 2, "not HTTP: sk-secret")
    assert b"sk-secret" not in written
    assert written.count(b"***") == 7 + 3  # in the body it is as long as it was


PAGE = (Path(__file__).parents[2] / "docs" / "recordings.md").read_text()


def test_the_page_shows_a_cassette_and_knows_each_key_and_ending() -> None:
    start = PAGE.index('{"sseprobe_cassette"')
    shown = PAGE[start : PAGE.index("```", start)].encode()
    assert save(loaded(shown)) == shown
    assert loaded(shown).last is not None
    for key in (*OPENING, *HEAD["head"], *CHUNK, *END, "base64", *BodyEnd):
        assert f"`{key}`" in PAGE


# --- on the command line: one loader, whoever asks


DOORS = {"stream": ["stream", "--from"], "check": ["check", "--from"], "parse": ["parse"], "replay": ["replay"]}


@pytest.mark.parametrize("door", DOORS)
def test_a_broken_recording_is_told_of_alike(door: str, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(lines(OPENING, b"", HEAD, CHUNK | {"read": -1}))
    result = cli(*DOORS[door], str(path))
    assert (result.code, result.out) == (2, ""), result
    assert f"{path}, line 4: not a line as sseprobe writes it (Expected `int` >= 0 - at `$.read`)" in result.err


@pytest.mark.parametrize("door", DOORS)
def test_what_cannot_be_read_is_told_of_alike(door: str, cli: Cli, tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file or directory")):
        result = cli(*DOORS[door], str(path))
        assert (result.code, result.out) == (2, "")
        assert result.err == f"sseprobe: {path}: cannot be read ({reason}).\n"


@pytest.mark.parametrize("door", ["stream", "check", "replay"])
def test_a_recording_that_is_none(door: str, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "c\x1b.jsonl"
    path.write_bytes(b"\x7fELF\x1b[31m\0\xff")
    result = cli(*DOORS[door], str(path))
    assert (result.code, result.out) == (2, "")
    assert "not a cassette: expected" in result.err
    assert "\x1b" not in result.err


def test_a_recording_from_standard_input(cli: Cli) -> None:
    recording = lines(OPENING, HEAD, CHUNK, END)
    assert cli.process("stream", "--from", "-", "-q", stdin=recording).out == "x\n"
    assert json.loads(cli.process("parse", "-", "--report", "json", stdin=recording).out)["events"][0]["data"] == "x"
    broken = cli.process("stream", "--from", "-", stdin=recording + b"{}\n")
    assert broken.code == 2
    assert "standard input, line 5:" in broken.err


def test_a_recording_that_was_cut_short_says_so(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(lines(OPENING, HEAD, CHUNK) + b'{"line":"chu')
    result = cli("stream", "--from", str(path), "--report", "json")
    (stream,) = result.report["streams"]
    assert (result.code, stream["ending"], stream["text"]) == (4, "aborted", "x")
    assert "the recording was cut short" in stream["notes"]
