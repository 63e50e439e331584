"""`sseprobe report`, and where reports go: a path that cannot be written is found out before anything is run."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from sseprobe.report import Report
from tests.reporters.reading import READERS
from tests.support.cli import Cli
from tests.support.openai import good
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer
from tests.support.reports import REPORTS

CHAT = "/v1/chat/completions"


def _complete(peer: Peer) -> None:
    peer.stream(*good("Hello"))
    peer.send(LAST_CHUNK)


def saved(folder: Path, report: Report) -> str:
    path = folder / "saved.json"
    path.write_bytes(msgspec.json.encode(report))
    return str(path)


@pytest.mark.parametrize("format_", READERS)
def test_a_saved_report_in_every_format(format_: str, cli: Cli, tmp_path: Path) -> None:
    result = cli("report", saved(tmp_path, REPORTS["check-fails"]), "--report", format_)
    assert (result.code, result.err) == (0, "")
    assert "SSE007" in result.out
    if format_ != "terminal":
        READERS[format_](result.out)


def test_the_terminals_is_the_default(cli: Cli, tmp_path: Path) -> None:
    result = cli("report", saved(tmp_path, REPORTS["abort-leaks"]))
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1].startswith("FAIL  abort-test")


def test_several_at_once(cli: Cli, tmp_path: Path) -> None:
    path = saved(tmp_path, REPORTS["check-fails"])
    html, junit = tmp_path / "a.html", tmp_path / "a.xml"
    result = cli("report", path, "--report", f"html:{html}", "--report", f"junit:{junit}", "--report", "github")
    assert (result.code, result.err) == (0, "")
    READERS["html"](html.read_text())
    READERS["junit"](junit.read_text())
    READERS["github"](result.out)


def test_a_report_of_today_and_of_tomorrow(cli: Cli, serve: Callable[..., RawServer], tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    live = cli("check", serve(_complete).url + CHAT, "--report", f"json:{path}", "--repeat", "1")
    again = cli("report", str(path))
    assert (again.code, again.out) == (0, live.out)
    loaded = json.loads(path.read_text())
    loaded["what_comes_later"] = {"a": 1}
    loaded["streams"][0]["also"] = None
    path.write_text(json.dumps(loaded))
    assert cli("report", str(path)).out == live.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"schema_version": 2}', "schema version 2, but this sseprobe reads up to version 1"),
        (b'{"schema_version": 0}', "schema version 0"),
        (b'{"schema_version": 1}', "not a report (Object missing required field"),
        (b'{"schema_version": "1"}', "Expected `int`, got `str`"),
        (b"{}", "missing required field `schema_version`"),
        (b'{"schema_version": 1', "not a report"),
        (b"", "not a report"),
        (b"\xff\xfe", "not a report"),
        (b"[" * 100_000, "not a report"),
        (b"<testsuites/>", "not a report"),
        (b'{"schema_version": 1, "verdict": "\\u001b[2J"}', "not a report"),
    ],
)
def test_what_is_no_report(content: bytes, said: str, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    result = cli("report", str(path), "--report", "json")
    assert (result.code, result.out) == (2, ""), result
    assert str(path) in result.err
    assert said in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "words",
    [["/no/such/file"], ["/"], ["FILE", "--report", "pdf"], ["FILE", "--report", "json", "--report", "terminal"], []],
)
def test_wrong_words(words: list[str], cli: Cli, tmp_path: Path) -> None:
    path = saved(tmp_path, REPORTS["check-fails"])
    result = cli("report", *[path if word == "FILE" else word for word in words])
    assert (result.code, result.out) == (2, ""), result
    assert result.err


def _in_a_file(folder: Path) -> Path:
    (folder / "file").write_text("kept")
    return folder / "file" / "report"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (lambda folder: folder / "no" / "such" / "report", "No such file or directory"),
        (lambda folder: folder, "Is a directory"),
        (_in_a_file, "Not a directory"),
        (lambda folder: folder / ("x" * 300), "File name too long"),
    ],
)
def test_a_path_that_cannot_be_written_is_found_out_before_the_run(
    place: Callable[[Path], Path], why: str, cli: Cli, serve: Callable[..., RawServer], tmp_path: Path
) -> None:
    path, server = place(tmp_path), serve(_complete)
    for command in ("stream", "abort-test", "check"):
        result = cli(command, server.url + CHAT, "--report", "json", "--report", f"junit:{path}")
        assert (result.code, result.out) == (2, "")
        assert f"junit:{path}: cannot be written ({why})" in result.err
    assert server.peers == []


def test_looking_at_a_path_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    old, new, link = tmp_path / "old", tmp_path / "new", tmp_path / "link"
    old.write_text("kept")
    link.symlink_to(tmp_path / "target")
    words = [word for path in (old, new, link) for word in ("--report", f"json:{path}")]
    result = cli("stream", "http://x/", *words, "--data", "{")
    assert result.code == 2
    assert old.read_text() == "kept"
    assert link.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"old", "link"}


def test_devices_are_written_to(cli: Cli, tmp_path: Path) -> None:
    result = cli.process("report", saved(tmp_path, REPORTS["check-fails"]), "--report", "junit:/dev/stdout")
    assert result.code == 0
    READERS["junit"](result.out)


@pytest.mark.parametrize("format_", ["junit", "sarif", "html", "markdown", "github"])
def test_parse_writes_two_formats(format_: str, cli: Cli) -> None:
    result = cli("parse", "/dev/null", "--report", format_)
    assert (result.code, result.out) == (2, "")
    assert "Known are: terminal, json" in result.err


@pytest.mark.parametrize(
    ("command", "format_"),
    [("stream", "junit"), ("stream", "github"), ("abort-test", "sarif"), ("check", "html"), ("check", "markdown")],
)
def test_standard_output_holds_the_report_and_nothing_else(
    command: str, format_: str, cli: Cli, serve: Callable[..., RawServer]
) -> None:
    result = cli(command, serve(_complete).url + CHAT, "--report", format_)
    assert result.code in (0, 4), result
    READERS[format_](result.out)
