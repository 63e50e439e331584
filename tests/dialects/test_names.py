"""No dialect is asked for by its name: others than the dialects themselves ask for wire forms and traits."""

import ast
from collections.abc import Iterator
from pathlib import Path

from sseprobe import dialects

ROOT = Path(__file__).parents[2]
NAMES = frozenset(dialects.NAMES)
EXCEPTIONS = {
    "sseprobe/readers/": {"anthropic", "cohere", "ollama"},  # readers are named as their packages are
    "sseprobe/reporters/": {"plain"},  # a tone
    "sseprobe/rules/catalogue.py": {"anthropic", "gemini", "cohere", "mistral", "ollama"},  # modules of families
    "sseprobe/witnesses/": {"vllm", "llamacpp"},  # servers, whose metrics have names
}
"""Names that are no dialect's there. One that is not needed any more goes; none is added for a rule or a report."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "sseprobe").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("sseprobe/dialects/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def names_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The names of dialects that are strings of a file, alone or in a list; docstrings aside: line, name."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            words = node.value.replace(",", " ").split()
            if NAMES.issuperset(words):
                yield from ((node.lineno, word) for word in words)


def compared_names(tree: ast.Module) -> Iterator[int]:
    """The lines that compare a dialect's name, as in `stream.dialect.name == …`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                if isinstance(side, ast.Attribute) and side.attr == "name" and "dialect" in ast.unparse(side.value):
                    yield node.lineno


def is_excepted(path: str, name: str) -> bool:
    return any(path.startswith(place) and name in names for place, names in EXCEPTIONS.items())


def test_no_dialect_is_named_elsewhere() -> None:
    found = [(path, *each) for path, tree in sources() for each in names_in(tree)]
    assert [each for each in found if not is_excepted(each[0], each[2])] == []


def test_no_name_of_a_dialect_is_compared() -> None:
    assert [(path, line) for path, tree in sources() for line in compared_names(tree)] == []


def test_every_exception_is_needed() -> None:
    needed = {(path, name) for path, tree in sources() for _, name in names_in(tree)}
    for place, names in EXCEPTIONS.items():
        assert names == {name for path, name in needed if path.startswith(place)}, place


def test_the_search_finds_them() -> None:
    tree = ast.parse('"""anthropic"""\nx = "anthropic"\nif stream.dialect.name in ("gemini, cohere",):\n    pass\n')
    assert list(names_in(tree)) == [(2, "anthropic"), (3, "gemini"), (3, "cohere")]
    assert list(compared_names(tree)) == [3]
