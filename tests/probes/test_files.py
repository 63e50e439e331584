"""Files that options name: whatever is wrong with one is a usage error that names the option."""

from pathlib import Path

import pytest

from sseprobe.errors import UsageError
from sseprobe.probes.files import open_cassette, open_recording, read_file, write_file
from sseprobe.streams.cassette import save
from tests.support.replays import cassette


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    write_file(path, b"a", "--x")
    write_file(path, b"b", "--x", append=True)
    assert read_file(path, "--x") == b"ab"
    write_file(path, b"c", "--x")
    assert read_file(path, "--x") == b"c"


def test_a_recording(tmp_path: Path) -> None:
    path = str(tmp_path / "tape.jsonl")
    with open_recording(path) as file:
        file.write(save(cassette(b"data: a\n\n")))
    assert [chunk.data for chunk in open_cassette(path).chunks] == [b"data: a\n\n"]


def test_what_is_wrong_names_the_option(tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "file")
    with pytest.raises(UsageError, match=r"^--x .*cannot be read \(No such file or directory\)\.$"):
        read_file(path, "--x")
    with pytest.raises(UsageError, match=r"^--x .*cannot be written \("):
        write_file(path, b"", "--x")
    with pytest.raises(UsageError, match=r"^--record .*cannot be written \("), open_recording(path):
        pass
    with pytest.raises(UsageError, match=r"none/file: cannot be read \("):
        open_cassette(path)
