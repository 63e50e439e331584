"""The command line as a process says what it says in this one, of every command; so the other tests may run it here."""

from pathlib import Path

import msgspec
import pytest

from sseprobe.cli.app import app
from sseprobe.streams.cassette import save
from tests.support.cli import Cli
from tests.support.replays import cassette
from tests.support.reports import REPORTS

WORDS: dict[str, list[str]] = {
    "stream": ["--from", "TAPE", "--report", "terminal:/dev/null"],
    "abort-test": ["--how", "slam"],
    "buffer-test": ["--direct", "http://127.0.0.1:1/"],
    "check": ["--from", "TAPE", "--select", "SSE,ANT"],
    "parse": ["TAPE", "no such file"],
    "rules": ["SSE007"],
    "report": ["REPORT", "--report", "markdown"],
    "proxy": ["--list"],
    "mock": ["--lost"],
    "replay": ["TAPE", "--speed", "fast"],
}


def test_no_command_is_forgotten() -> None:
    assert WORDS.keys() == {command.name for command in app.registered_commands}


@pytest.mark.parametrize(
    "words", [[], ["--version"], ["--help"], ["chekc"], *([name, *WORDS[name]] for name in WORDS)], ids=str
)
def test_a_process_says_the_same(words: list[str], cli: Cli, tmp_path: Path) -> None:
    tape, report = tmp_path / "tape.jsonl", tmp_path / "report.json"
    tape.write_bytes(save(cassette(b"data: a\n\n", b"data: \xff\n\n")))
    report.write_bytes(msgspec.json.encode(REPORTS["check-fails"]))
    files = {"TAPE": str(tape), "REPORT": str(report)}
    words = [files.get(word, word) for word in words]
    here, there = cli(*words), cli.process(*words)
    assert (here.code, here.raw_out, here.err) == (there.code, there.raw_out, there.err)
    assert here.out or here.err
