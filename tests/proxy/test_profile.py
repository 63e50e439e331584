"""Profiles: what is built in, and what a user may write."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from sseprobe.errors import UsageError
from sseprobe.proxy.profile import FOLDER, NAMES, by_name

Write = Callable[[str], str]


def refusal(path: str) -> str:
    with pytest.raises(UsageError) as refused:
        by_name(path)
    said = str(refused.value)
    assert "\n" not in said
    return said


class TestShipped:
    def test_the_names_are_those_of_the_files(self) -> None:
        assert {path.name for path in FOLDER.iterdir()} == {f"{name}.toml" for name in NAMES}
        assert len(NAMES) == len(set(NAMES)) == 20

    @pytest.mark.parametrize("name", NAMES)
    def test_each_loads_under_its_name(self, name: str) -> None:
        profile = by_name(name)
        assert profile.name == name
        assert profile.title
        assert profile.basis in ("measured", "documented")
        assert (profile.verified is not None) == (profile.basis == "measured")
        if profile.verified:
            assert re.fullmatch(r"\w+ [0-9][\w. ]*[\w/. -]*, 2026-[0-9]{2}-[0-9]{2}", profile.verified)
        assert all(header == header.lower() and value == value.lower() for header, value in profile.signs.items())

    @pytest.mark.parametrize("name", NAMES)
    def test_everything_it_says_has_a_source(self, name: str) -> None:
        written = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        told = set(written["knobs"]) | ({"signs"} if "signs" in written else set())
        assert set(written["sources"]) == told
        known = re.compile(r"https://\S+|measured with \w+ [0-9.]+|Debian's package [0-9.]+|from memory, not verified")
        remedies = [remedy["source"] for remedy in written.get("remedy", [])]
        assert [source for source in (*written["sources"].values(), *remedies) if not known.search(source)] == []

    @pytest.mark.parametrize("name", NAMES)
    def test_its_remedies_change_something(self, name: str) -> None:
        profile = by_name(name)
        for remedy in profile.remedies:
            assert remedy.set
            assert profile.with_knobs(remedy.set).knobs != profile.knobs

    @pytest.mark.parametrize("name", [name for name in NAMES if by_name(name).cause is not None])
    def test_an_operator_can_stop_it_from_holding(self, name: str) -> None:
        profile = by_name(name)
        assert any(profile.with_knobs(remedy.set).cause is None for remedy in profile.remedies)


class TestUsersFiles:
    def test_knobs_are_enough(self, write: Write) -> None:
        profile = by_name(write("[knobs]\nhold_bytes = 100\n"))
        assert (profile.name, profile.title, profile.basis, profile.knobs.hold_bytes) == ("mine", "mine", "own", 100)

    def test_all_of_it(self, write: Write) -> None:
        text = (FOLDER / "nginx-legacy.toml").read_text(encoding="utf-8")
        assert by_name(write(text)) == by_name("nginx-legacy")

    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            ("[knobs]\nhold_byte = 4\n", 2, 'did you mean "hold_bytes"?'),
            ("# a\n\n[knobs]\nidle_timeout_s = 1\nsurprise = 4\n", 5, "known keys: hold_bytes, "),
            ("titel = 'x'\n[knobs]\n", 1, 'did you mean "title"?'),
            ("hold_bytes = 4\n[knobs]\n", 1, "It belongs under [knobs]."),
            ("[knobs]\nhold_bytes = '4k'\n", 2, 'knobs.hold_bytes = "4k": expected a whole number of bytes'),
            ("[knobs]\nhold_bytes = -1\n", 2, "knobs.hold_bytes = -1: expected a whole number of bytes from 0 to"),
            ("[knobs]\nhold_bytes = 99999999999999999999\n", 2, "expected a whole number of bytes from 0 to"),
            ("[knobs]\nidle_timeout_s = 1e9\n", 2, "expected a number of seconds from 0 to 86,400"),
            ("[knobs]\nidle_timeout_s = inf\n", 2, "expected a number of seconds from 0 to 86,400"),
            ("[knobs]\nidle_timeout_s = nan\n", 2, "idle_timeout_s = nan: expected a number of seconds"),
            ("[knobs]\nidle_timeout_s = 2020-01-01\n", 2, "expected a number of seconds"),
            ("[knobs]\nhonour_xab = 'yes'\n", 2, "expected true or false"),
            ("[knobs]\nupstream_http = 1.0\n", 2, 'expected one of "1.0", "1.1"'),
            ("[knobs]\ngzip = 'on'\n", 2, 'expected one of "off", "sync", "blocked"'),
            ("[knobs]\nstrip = 'ETag'\n", 2, "expected a list"),
            ("[knobs]\nstrip = ['a b']\n", 2, "expected an HTTP token"),
            ("[knobs]\nonly_types = [\n  'Text/Event-Stream',\n]\n", 2, "expected a media type in lower case"),
            ("title = ''\n[knobs]\n", 1, "expected text in quotes, not empty"),
            ("knobs = 4\n", 1, "expected a table"),
            ("title = 'x'\n", 1, "knobs is missing."),
            ("[knobs]\n[[remedy]]\nset = {}\n", 2, "text is missing in remedy."),
            (
                "[knobs]\n[[remedy]]\ntext='a'\nset={}\n[[remedy]]\ntext='b'\nset = {gzp = 'off'}\n",
                7,
                'did you mean "gzip"?',
            ),
            ("[knobs]\n[[remedy]]\ntext='a'\n[remedy.set]\nhold_bytes = 'x'\n", 5, "remedy 1: hold_bytes ="),
            ("[knobs]\n[sources]\nholdbytes = 'x'\n", 3, "Did you mean hold_bytes?"),
            ("[knobs]\n[sources]\ngzip = 'x'\nstrip = 4\n", 4, "sources.strip = 4: expected text in quotes"),
            ("[knobs]\n[signs]\n'x.y' = true\n", 3, "signs.x.y = true: expected text in quotes"),
            ("basis = 'measured'\n[knobs]\n", 1, "need each other"),
            ("verified = 'x'\n[knobs]\n", 1, "need each other"),
            ("[knobs]\nhold_bytes = 4\nhold_until_end = true\n", 3, "a profile buffers in one way only"),
            ("[knobs]\ngzip = 'blocked'\nhold_bytes = 4\n", 3, "such a compressor is the buffer"),
            ("[knobs]\ngzip_bytes = 4\n", 2, 'gzip_bytes needs gzip = "blocked"'),
            ("[knobs]\nhold_head = true\n", 2, "hold_head needs hold_bytes"),
            ("[knobs]\non_cut = 'lose'\n", 2, "needs a buffer, such as hold_bytes"),
            ("[knobs]\nrate_after_bytes = 4\n", 2, "rate_after_bytes needs rate_bytes_per_s"),
            ("[knobs]\nhold_bytes = 4\nflush_by = 'chunk'\n", 3, "it sends each chunk at once"),
            ("[knobs]\nflush_by = 'buffer'\n", 2, "needs hold_bytes"),
            ("[knobs]\nhold_bytes = 4\nflush_by = 'end'\n", 3, "needs hold_until_end"),
            ("title = '''\n[knobs]\nhold_bytes = 1\n'''\n[knobs]\nhold_bytes = 'x'\n", 6, "expected a whole number"),
            ("[knobs]\nhold_bytes =\n", 2, "not TOML: Invalid value"),
            ("[knobs]\nx = '\x00'\n", 2, "not TOML"),
            ("[knobs]\nhold_bytes = " + "9" * 4000 + "\n", 2, "expected a whole number"),
            ("[knobs]\n" + "a." * 3000 + "b = 1\n", 2, "longer than 4,096 characters"),
            ("[knobs]\n" + "a." * 300 + "b = 1\n", 2, "more than 100 dots"),
        ],
    )
    def test_mistakes_are_told_with_file_and_line(self, write: Write, text: str, line: int, said: str) -> None:
        path = write(text)
        refused = refusal(path)
        assert refused.startswith(f"{path}:{line}: "), refused
        assert said in refused

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"[knobs]\nstrip = " + b"[\n" * 20_000, "nested too deeply"),
            (b"[knobs]\n" + b"# padding\n" * 120_000, "more than 1,048,576 bytes"),
            (b"[knobs]\n# \xff\n", ":2: not UTF-8"),
            (b"[knobs]\n" + b"[" * 2000, "not TOML"),
            (b'[knobs]\n"\x1b[31m" = 1\n', "not TOML"),
            (b'[knobs]\n"\\u001b[31m" = 1\n', ":1: ␛[31m: unknown key"),
        ],
    )
    def test_hostile_files_are_refused_in_a_sentence(self, tmp_path: Path, data: bytes, said: str) -> None:
        path = tmp_path / "bad.toml"
        path.write_bytes(data)
        refused = refusal(str(path))
        assert said in refused
        assert "\x1b" not in refused

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        assert refusal(str(tmp_path / "none.toml")).endswith("none.toml: cannot be read: No such file or directory.")
        assert refusal(f"{tmp_path}/").endswith(": not a file.")
        assert "cannot be read" in refusal("a\0b.toml")

    def test_an_unknown_name_gets_the_nearest_and_the_list(self) -> None:
        said = refusal("nginx-legasy")
        assert "Did you mean nginx-legacy?" in said
        assert all(name in said for name in NAMES)
        assert "\x1b" not in refusal("\x1b[31m")

    def test_knobs_can_be_changed_afterwards(self) -> None:
        profile = by_name("nginx-legacy")
        assert profile.with_knobs({"hold_bytes": 8192}).knobs.hold_bytes == 8192
        assert profile.knobs.hold_bytes == 4096
        with pytest.raises(UsageError, match="hold_bytes = -1: expected a whole number"):
            profile.with_knobs({"hold_bytes": -1})
        with pytest.raises(UsageError, match='did you mean "hold_bytes"'):
            profile.with_knobs({"hold_byte": 1})
        with pytest.raises(UsageError, match="a profile buffers in one way only"):
            profile.with_knobs({"hold_until_end": True})
