"""Edits of OpenAI's chunks, for mutants and proofs."""

from collections.abc import Callable
from typing import Any

from tests.support.takes import Blocks, Edit, changed, with_payload

Change = Callable[[dict[str, Any]], Any]


def put(**fields: Any) -> Change:
    """Sets fields."""
    return lambda value: value.update(fields)


def lose(name: str) -> Change:
    """Removes a field."""
    return lambda value: value.pop(name)


def in_chunk(index: int, change: Change) -> Edit:
    """With a chunk changed."""

    def quietly(chunk: dict[str, Any]) -> None:
        change(chunk)

    return changed(index, quietly)


def in_choice(index: int, change: Change) -> Edit:
    """With the first choice of a chunk changed."""
    return in_chunk(index, lambda chunk: change(chunk["choices"][0]))


def in_delta(index: int, change: Change) -> Edit:
    """With the delta of its first choice changed."""
    return in_choice(index, lambda choice: change(choice["delta"]))


def in_call(index: int, change: Change) -> Edit:
    """With the first tool call of its delta changed."""
    return in_delta(index, lambda delta: change(delta["tool_calls"][0]))


def in_all(change: Change, holds: Callable[[dict[str, Any]], Any] = bool) -> Edit:
    """With each choice changed of which this holds."""

    def of_chunk(chunk: dict[str, Any]) -> None:
        for choice in filter(holds, chunk["choices"]):
            change(choice)

    def edit(blocks: Blocks) -> Blocks:
        return [with_payload(block, of_chunk) if block.startswith(b"data: {") else block for block in blocks]

    return edit


def in_all_calls(change: Change) -> Edit:
    """With each fragment of a tool call changed."""

    def of_choice(choice: dict[str, Any]) -> None:
        for call in choice["delta"].get("tool_calls", ()):
            change(call)

    return in_all(of_choice)


def finishing(reason: str | None) -> Edit:
    """With another finish reason where there is one."""
    return in_all(put(finish_reason=reason), lambda choice: choice["finish_reason"])


def never_finishing(index: int) -> Edit:
    """With one choice that never finishes."""
    return in_all(put(finish_reason=None), lambda choice: choice["index"] == index)


def usage_of(blocks: Blocks) -> dict[str, Any]:
    """The usage in the last chunk that has it."""
    found: list[dict[str, Any]] = []
    for block in blocks:
        if b'"usage":{' in block:
            with_payload(block, lambda chunk: found.append(chunk["usage"]))
    return found[-1]


def usage_with_the_finish(blocks: Blocks) -> Blocks:
    """With the usage in the chunk that finishes, and no chunk of its own."""
    counted = put(usage=usage_of(blocks))
    return [*in_chunk(-3, counted)(blocks)[:-2], blocks[-1]]


def usage_in_every_chunk(blocks: Blocks) -> Blocks:
    """With usage in every chunk."""
    for index, block in enumerate(blocks):
        if block.startswith(b"data: {"):
            blocks = in_chunk(index, put(usage=usage_of(blocks)))(blocks)
    return blocks
