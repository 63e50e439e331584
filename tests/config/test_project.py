"""The config file of a project: where it is found, what it says, and how mistakes in it are told."""

from pathlib import Path
from typing import Any

import pytest

from sseprobe.config.options.request import RequestOptions
from sseprobe.config.project import DialectTable, find, load, project
from sseprobe.dialects.own.convention import Mark
from sseprobe.errors import UsageError
from sseprobe.probes.described_dialect import described_dialect
from sseprobe.sse.framing import Framing

WHOLE = """\
# An app's own events.
[dialects.my-chat]
framing = "ndjson"
text = "/delta/text"
error = "/fault"
done = { "/done" = true }
tokens = "/usage/output"
"""


def write(path: Path, text: str = WHOLE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def shared(text: str) -> str:
    """The same in pyproject.toml."""
    return '[project]\nname = "mine"\n' + text.replace("[dialects.", "[tool.sseprobe.dialects.")


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as refused:
        load(path)
    said = str(refused.value)
    assert "\n" not in said
    return said


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, two floors below a repository's root."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    folder = tmp_path / "repo" / "services" / "chat"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


class TestWhatItSays:
    @pytest.mark.parametrize(("name", "text"), [("sseprobe.toml", WHOLE), ("pyproject.toml", shared(WHOLE))])
    def test_all_of_it(self, tmp_path: Path, name: str, text: str) -> None:
        read = load(write(tmp_path / name, text))
        assert read.dialects == {
            "my-chat": DialectTable("ndjson", "/delta/text", "/fault", {"/done": True}, "/usage/output")
        }

    def test_what_suites_will_say_is_kept_apart(self, tmp_path: Path) -> None:
        text = '[app]\nstart = "uvicorn a:app"\n[targets.chat]\nurl = "http://x/"\n' + WHOLE
        assert list(load(write(tmp_path / "sseprobe.toml", text)).dialects) == ["my-chat"]

    @pytest.mark.parametrize("text", ["", "# nothing\n", "[dialects]\n", "[dialects.a]\n"])
    def test_little(self, tmp_path: Path, text: str) -> None:
        assert all(table == DialectTable() for table in load(write(tmp_path / "sseprobe.toml", text)).dialects.values())

    @pytest.mark.parametrize(
        ("done", "mark"),
        [
            ('"[DONE]"', Mark("[DONE]")),
            ('{ "/done" = true }', Mark(values=((("done",), True),))),
            ('{ "/a" = 1, "/b/c" = "x" }', Mark(values=((("a",), 1), (("b", "c"), "x")))),
            ('{ "/done" = 1 }', Mark(values=((("done",), 1),))),
        ],
    )
    def test_end_marks(self, here: Path, done: str, mark: Mark) -> None:
        write(here / "sseprobe.toml", f"[dialects.mine]\ndone = {done}\n")
        dialect = described_dialect(RequestOptions(dialect="mine"))
        assert dialect is not None
        assert dialect.event_format is not None
        assert dialect.event_format.given.done == (mark,)


class TestWhereItIsFound:
    @pytest.mark.parametrize(
        ("files", "found"),
        [
            ({}, None),
            ({"repo/services/chat/sseprobe.toml": WHOLE}, "repo/services/chat/sseprobe.toml"),
            ({"repo/services/sseprobe.toml": WHOLE}, "repo/services/sseprobe.toml"),
            ({"repo/sseprobe.toml": WHOLE}, "repo/sseprobe.toml"),
            ({"repo/pyproject.toml": shared(WHOLE)}, "repo/pyproject.toml"),
            # Above the root nobody looks.
            ({"sseprobe.toml": WHOLE}, None),
            # The nearest counts, and of one folder's the one that is sseprobe's alone.
            ({"repo/sseprobe.toml": WHOLE, "repo/services/sseprobe.toml": ""}, "repo/services/sseprobe.toml"),
            ({"repo/sseprobe.toml": WHOLE, "repo/pyproject.toml": shared(WHOLE)}, "repo/sseprobe.toml"),
            (
                {"repo/sseprobe.toml": WHOLE, "repo/services/pyproject.toml": shared(WHOLE)},
                "repo/services/pyproject.toml",
            ),
            # A pyproject.toml without the table is not the one.
            ({"repo/sseprobe.toml": WHOLE, "repo/services/pyproject.toml": '[tool.other]\nx = "sseprobe"\n'}, "repo/sseprobe.toml"),
            ({"repo/pyproject.toml": "[tool]\nsseprobe = 4\n"}, None),
            ({"repo/services/chat/pyproject.toml": "[tool.sseprobe]\n"}, "repo/services/chat/pyproject.toml"),
        ],
    )  # fmt: skip
    def test_here_and_above(self, tmp_path: Path, here: Path, files: dict[str, str], found: str | None) -> None:
        for name, text in files.items():
            write(tmp_path / name, text)
        assert find(here) == (tmp_path / found if found else None)
        if found is None:
            assert project(None) == (type(project(None)[0])(), None)
        else:
            assert project(None)[1] == tmp_path / found

    def test_a_worktree_has_a_file_for_its_git_folder(self, tmp_path: Path, here: Path) -> None:
        write(tmp_path / "sseprobe.toml")
        (tmp_path / "repo" / "services" / ".git").write_text("gitdir: elsewhere\n")
        write(tmp_path / "repo" / "sseprobe.toml")
        assert find(here) is None

    def test_a_folder_of_that_name_is_passed_by(self, tmp_path: Path, here: Path) -> None:
        (here / "sseprobe.toml").mkdir()
        (here / "pyproject.toml").mkdir()
        write(tmp_path / "repo" / "sseprobe.toml")
        assert find(here) == tmp_path / "repo" / "sseprobe.toml"

    def test_a_named_file_is_the_only_one(self, tmp_path: Path, here: Path) -> None:
        write(here / "sseprobe.toml", "broken")
        named = write(tmp_path / "other.toml")
        found, path = project(str(named))
        assert (list(found.dialects), path) == (["my-chat"], named)

    def test_a_pyproject_that_is_no_toml_is_told_and_not_passed_by(self, here: Path) -> None:
        path = write(here / "pyproject.toml", "[tool.sseprobe]\nx =\n")
        with pytest.raises(UsageError, match=":2: not TOML") as refused:
            find(here)
        assert str(refused.value).startswith(f"{path}:2: ")

    def test_a_named_file_that_is_missing(self, here: Path) -> None:
        with pytest.raises(UsageError, match=r"--config none\.toml: no such file\."):
            project("none.toml")


MISTAKES: list[tuple[str, int, str]] = [
    ('[dialects.a]\ntxt = "/token"\n', 2, 'txt: unknown key; did you mean "text"?'),
    ('[dialects.a]\nframing = "sse"\ndone_when = "[DONE]"\n', 3, "done_when: unknown key; did you mean"),
    ("[dialects.a]\nsurprise = 1\n", 2, "known keys: framing, text, error, done, tokens."),
    ("[dialect]\n[dialect.a]\n", 1, 'dialect: unknown key; did you mean "dialects"?'),
    ('[dialects.a]\ntext = "token"\n', 2, 'text = "token": expected a JSON pointer, such as "/token" (RFC 6901).'),
    ('[dialects.a]\ntext = "/t"\nerror = "e"\n', 3, 'error = "e": expected a JSON pointer'),
    ('[dialects.a]\ntokens = "usage.output"\n', 2, 'tokens = "usage.output": expected a JSON pointer'),
    ("[dialects.a]\ntext = 4\n", 2, "dialects.a.text = 4: expected a JSON pointer in quotes"),
    ('[dialects.a]\ntext = ["/a"]\n', 2, "dialects.a.text ="),
    ('[dialects.a]\nframing = "SSE"\n', 2, 'dialects.a.framing = "SSE": expected one of "sse", "ndjson", "text"'),
    ("[dialects.a]\ndone = true\n", 2, 'dialects.a.done = true: expected a literal such as "[DONE]", or a table'),
    ('[dialects.a]\ndone = ""\n', 2, "done is empty: give a literal, or what the last event has to hold."),
    ("[dialects.a]\ndone = {}\n", 2, "done is empty"),
    ("[dialects.a]\ndone = { done = true }\n", 2, 'done = "done": expected a JSON pointer'),
    ('[dialects.a]\n[dialects.a.done]\n"/a" = 1\nb = 2\n', 2, 'done = "b": expected a JSON pointer'),
    ('[dialects."my.chat"]\ntxt = "/a"\n', 2, 'txt: unknown key; did you mean "text"?'),
    ("[dialects]\na = 4\n", 2, "dialects.a = 4: expected a table."),
    ("dialects = 4\n", 1, "dialects = 4: expected a table."),
    ('[dialects.a]\ntext = "/a"\n[dialects.b]\ntext = "b"\n', 4, 'text = "b": expected a JSON pointer'),
    ('[dialects.a]\ntext = "/a"\n[dialects.b]\nerorr = "/b"\n', 4, 'erorr: unknown key; did you mean "error"?'),
    ('[defaults]\nfail_on = "warning"\n', 1, "defaults: not supported yet; give these options on the command line."),
    ("[dialects.a]\ntext =\n", 2, "not TOML"),
    ('[dialects.a]\ntext = "/a"\ntext = "/b"\n', 3, "not TOML"),
    ("[dialects.a]\n[dialects.a]\n", 2, "not TOML"),
]  # fmt: skip


class TestMistakes:
    @pytest.mark.parametrize(("text", "line", "said"), MISTAKES, ids=[said for *_, said in MISTAKES])
    def test_file_and_line_are_told(self, tmp_path: Path, text: str, line: int, said: str) -> None:
        path = write(tmp_path / "sseprobe.toml", text)
        told = refusal(path)
        assert told.startswith(f"{path}:{line}: "), told
        assert said in told

    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [each for each in MISTAKES if each[0].startswith("[dialects.")],
        ids=[said for text, _, said in MISTAKES if text.startswith("[dialects.")],
    )
    def test_the_same_in_the_file_that_is_shared(self, tmp_path: Path, text: str, line: int, said: str) -> None:
        path = write(tmp_path / "pyproject.toml", shared(text))
        told = refusal(path)
        assert told.startswith(f"{path}:{line + 2}: "), told
        assert said in told

    @pytest.mark.parametrize(
        ("data", "said"),
        [(b"[dialects.a]\n# \xff\n", ":2: not UTF-8"), (b'"\\u001b[31m" = 1\n', ":1: ␛[31m: unknown key"), (b"x = " + b"[" * 2000, "sseprobe.toml")],
    )  # fmt: skip
    def test_hostile_files(self, tmp_path: Path, data: bytes, said: str) -> None:
        path = tmp_path / "sseprobe.toml"
        path.write_bytes(data)
        told = refusal(path)
        assert said in told
        assert "\x1b" not in told


class TestOptionsBeside:
    """What `--text-at` and the like say counts before what the file says of the same."""

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, (("delta", "text"), ("fault",), "/done = true", Framing.LINES)),
            ({"text_at": "/t"}, (("t",), ("fault",), "/done = true", Framing.LINES)),
            ({"error_at": "/e"}, (("delta", "text"), ("e",), "/done = true", Framing.LINES)),
            ({"done_when": "[DONE]"}, (("delta", "text"), ("fault",), "[DONE]", Framing.LINES)),
            ({"framing": "sse"}, (("delta", "text"), ("fault",), "/done = true", Framing.SSE)),
        ],
    )
    def test_one_replaces_its_like(self, here: Path, options: dict[str, Any], expected: tuple[Any, ...]) -> None:
        write(here / "sseprobe.toml")
        dialect = described_dialect(RequestOptions(**options, dialect="my-chat"))
        assert dialect is not None
        assert dialect.event_format is not None
        given = dialect.event_format.given
        assert (given.text, given.error, dialect.terminator, given.framing) == expected
        assert (dialect.name, dialect.framing, given.tokens) == ("my-chat", expected[3], ("usage", "output"))

    @pytest.mark.parametrize("name", ["openai-chat", "plain", "auto"])
    def test_a_vendor_keeps_its_name(self, here: Path, name: str) -> None:
        write(here / "sseprobe.toml", f'# ours\n[dialects.{name}]\ntext = "/a"\n')
        with pytest.raises(UsageError, match=f"sseprobe.toml:2: dialects.{name}: sseprobe has a dialect of that name"):
            described_dialect(RequestOptions(dialect="auto"))

    def test_without_a_word_there_is_no_dialect(self, here: Path) -> None:
        assert described_dialect(RequestOptions(dialect="auto")) is None
        assert described_dialect(RequestOptions(dialect="plain")) is None

    @pytest.mark.parametrize("name", ["auto", "plain"])
    def test_options_alone_make_one(self, here: Path, name: str) -> None:
        dialect = described_dialect(RequestOptions(text_at="/a", framing="text", dialect=name))
        assert dialect is not None
        assert (dialect.name, dialect.framing) == ("plain", Framing.TEXT)

    def test_a_broken_file_is_told_whatever_is_named(self, here: Path) -> None:
        write(here / "sseprobe.toml", "[dialects.a]\ntxt = 1\n")
        with pytest.raises(UsageError, match='did you mean "text"'):
            described_dialect(RequestOptions(dialect="auto"))
