"""Edits that several families' mutants need."""

from typing import Any

from tests.support.takes import Edit, changed


def lose(at: int, *path: str | int) -> Edit:
    """Without what stands at this path of that block's payload."""

    def edit(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return changed(at, edit)
