"""TOML read into a type: each mistake is found on its line."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from sseprobe.config.toml_file import MAX_BYTES, MAX_LINE, MisfitError, has_table, line_of, read, refused
from sseprobe.errors import UsageError


class Hop(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    hold_ms: Annotated[int, Meta(ge=0, description="milliseconds from 0 on")] = 0
    kind: Literal["full", "part"] = "full"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    name: str
    gap_s: float | None = None
    deep: Hop = Hop()
    hops: tuple[Hop, ...] = ()
    marks: dict[str, int | bool] = {}

    def __post_init__(self) -> None:
        if self.name == "unfit":
            raise MisfitError("unfit is no name.", "name")


def settings(folder: Path, text: str | bytes) -> Path:
    path = folder / "s.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_that_is_right(tmp_path: Path) -> None:
    text = 'name = "x"\ndeep = { hold-ms = 3 }\n[[hops]]\nkind = "part"\n[[hops]]\n[marks]\na = 1\nb = true\n'
    assert read(settings(tmp_path, text), Settings) == Settings(
        "x", None, Hop(3), (Hop(kind="part"), Hop()), {"a": 1, "b": True}
    )


def test_one_table_of_it(tmp_path: Path) -> None:
    path = settings(tmp_path, "x = 1\n[tool.mine]\n\nname = 4\n")
    with pytest.raises(UsageError, match=r"s\.toml:4: name = 4: expected text in quotes"):
        read(path, Settings, table=("tool", "mine"))
    assert has_table(path, ("tool", "mine"))
    assert not has_table(path, ("tool", "yours"))
    assert not has_table(path, ("x",))
    assert not has_table(tmp_path / "none.toml", ("x",))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('name = "x"\ngap-s = "y"\n', 2, 'gap-s = "y": expected a number'),
        ('name = "x"\n[deep]\n# here\nhold-ms = -1\n', 4, "deep.hold-ms = -1: expected milliseconds from 0 on"),
        ('name = "x"\n[[hops]]\n[[hops]]\nkind = "all"\n', 4, 'expected one of "full", "part"'),
        ('name = "x"\n[marks]\na = 1\nb = "c"\n', 4, 'marks.b = "c"'),
        ('name = "x"\nhops = 1\n', 2, "expected a list"),
        ('name = "x"\ndeep = 1\n', 2, "expected a table"),
        ('name = "x"\n\n[deep]\nholdms = 1\n', 4, 'did you mean "hold-ms"?'),
        ('name = "x"\nzzz = 1\n', 2, "known are: name, gap-s"),
        ('name = """\nzzz = 1\n"""\nzzz = 1\n', 4, "zzz"),
        ("[deep]\n", 1, "name is missing"),
        ('# a\nname = "unfit"\n', 2, "unfit is no name."),
        ('name = "x"\ngap-s = \n', 2, "not TOML"),
        ("name = x\n", 1, "Text needs quotes."),
        (b'name = "x"\n# \xff\n', 2, "not UTF-8"),
        ('name = "x"\n# ' + "x" * MAX_LINE + "\n", 2, "longer than"),
        ("a" + ".a" * 101 + " = 1\n", 1, "more than 100 dots"),
    ],
)
def test_mistakes_have_their_line(tmp_path: Path, text: str | bytes, line: int, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(settings(tmp_path, text), Settings)
    said = str(raised.value)
    assert f"s.toml:{line}: " in said
    assert says in said
    assert "\n" not in said


def test_a_key_that_belongs_elsewhere(tmp_path: Path) -> None:
    path = settings(tmp_path, 'name = "x"\nelsewhere = 1\n')
    with pytest.raises(UsageError, match=r"s\.toml:2: elsewhere.*; it belongs to elsewhere\."):
        read(path, Settings, lambda key: f"; it belongs to {key}.")


@pytest.mark.parametrize("text", [b"x" * (MAX_BYTES + 1), b"x = " + b"[" * 3000])
def test_files_that_are_no_settings(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(UsageError, match=r"s\.toml"):
        read(settings(tmp_path, text), Settings)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a file"):
        read(tmp_path, Settings)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read(tmp_path / "none.toml", Settings)


def test_an_error_about_a_place(tmp_path: Path) -> None:
    path = settings(tmp_path, 'name = "x"\n[deep]\nkind = "full"\n')
    assert str(refused(path, ("deep", "kind"), "no.")).endswith("s.toml:3: no.")
    assert line_of(path.read_text(), ("deep", "hold-ms")) == 2, "the table's, where the key does not stand"
    assert line_of(path.read_text(), ("else",)) == 1
