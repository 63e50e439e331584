"""Family ORS. In QUICK: 0 created, 1 in_progress, 2 item added, 3 part added, 4 to 6 deltas, 7 text done, 8 part done,
9 item done, 10 completed.
"""

from collections.abc import Callable
from typing import Any

from tests.rules.mutants import mutant
from tests.rules.mutants.openai_edits import in_chunk, lose, put
from tests.support.takes import (
    QUICK,
    Blocks,
    Edit,
    Take,
    append,
    both,
    double,
    drop,
    event_with,
    everywhere,
    insert,
    swap,
    with_payload,
)

NAME = "openai-responses"
TOOLS = f"{QUICK},tools=1"  # 2 item added, 3 to 10 fragments, 11 arguments done, 12 item done, 13 completed
REASONING = f"{QUICK},reasoning=1"  # 2 item added, 3 part added, 4 delta, 5 text done, 6 part done, 7 item done


def renumbered(blocks: Blocks) -> Blocks:
    """With sequence numbers as a server gives them that means what it sends."""
    return [with_payload(block, _numbered(number)) for number, block in enumerate(blocks)]


def _numbered(number: int) -> Callable[[dict[str, Any]], None]:
    return lambda event: event.update(sequence_number=number)


def meant(*edits: Edit) -> Edit:
    """Edits, and the numbers to go with them."""
    return both(*edits, renumbered)


def in_response(index: int, **fields: Any) -> Edit:
    """With the response of an event changed."""
    return in_chunk(index, lambda event: event["response"].update(fields))


def in_part(index: int, text: str) -> Edit:
    """With another text in the part of an event."""
    return in_chunk(index, lambda event: event["part"].update(text=text))


def in_item(index: int, text: str) -> Edit:
    """With another text in the item of an event."""
    return in_chunk(index, lambda event: event["item"]["content"][0].update(text=text))


def in_output(text: str) -> Edit:
    """With another text in the final response."""
    return in_chunk(-1, lambda event: event["response"]["output"][0]["content"][0].update(text=text))


def in_arguments(index: int, change: Callable[[str], str]) -> Edit:
    """With other arguments in an event."""
    return in_chunk(index, lambda event: event.update(arguments=change(event["arguments"])))


KEEPALIVE = event_with({"type": "keepalive", "sequence_number": 2}, "keepalive")
LIMITS = event_with({"type": "codex.rate_limits", "plan_type": "pro"}, "codex.rate_limits")

BROKEN: list[tuple[str, Edit, str]] = [
    ("no response.created", meant(drop(0)), "ORS001"),
    ("response.in_progress first", meant(swap(0, 1)), "ORS001"),
    ("deltas and nothing before them", meant(drop(0, 2)), "ORS001"),
    ("a number comes twice", in_chunk(5, put(sequence_number=4)), "ORS001"),
    ("a number falls", in_chunk(5, put(sequence_number=0)), "ORS001"),
    ("all numbers are 0", both(*(in_chunk(index, put(sequence_number=0)) for index in range(11))), "ORS001"),
    ("an event comes twice", double(5), "ORS001"),
    ("two events are swapped", swap(4, 5), "ORS001"),
    ("an event has no number", in_chunk(5, lose("sequence_number")), "ORS001"),
    ("a number is a word", in_chunk(5, put(sequence_number="5")), "ORS001"),
    ("another response is completed", in_response(-1, id="resp_other"), "ORS002"),
    ("another response is in progress", in_response(1, id="resp_other"), "ORS002"),
    ("an item is not added", meant(drop(2)), "ORS003"),
    ("an item is added twice", meant(double(2)), "ORS003"),
    ("an item is added after its part", meant(swap(2, 3)), "ORS003"),
    ("a part is not added", meant(drop(3)), "ORS003"),
    ("a part is added twice", meant(double(3)), "ORS003"),
    ("a delta before its part", meant(swap(3, 4)), "ORS003"),
    ("the text is not done", meant(drop(7)), "ORS003"),
    ("the text is done twice", meant(double(7)), "ORS003"),
    ("a delta after the text is done", meant(swap(6, 7)), "ORS003"),
    ("a part is not done", meant(drop(8)), "ORS003"),
    ("a part is done twice", meant(double(8)), "ORS003"),
    ("an item is not done", meant(drop(9)), "ORS003"),
    ("an item is done twice", meant(double(9)), "ORS003"),
    ("a part is done after its item", meant(swap(8, 9)), "ORS003"),
    ("a delta is lost", drop(5), "ORS004"),
    ("a delta is lost, and never counted", meant(drop(5)), "ORS004"),
    ("a delta comes twice", meant(double(5)), "ORS004"),
    ("deltas in another order", meant(swap(4, 5)), "ORS004"),
    ("no deltas", meant(drop(4, 3)), "ORS004"),
    ("another delta", in_chunk(5, put(delta=" other")), "ORS004"),
    ("another text is done", in_chunk(7, put(text="other")), "ORS004"),
    ("another part is done", in_part(8, "other"), "ORS004"),
    ("another item is done", in_item(9, "other"), "ORS004"),
    ("the response has another text", in_output("other"), "ORS004"),
    ("it is completed, and incomplete", in_response(-1, status="incomplete"), "ORS005"),
    ("[DONE]", append(b"data: [DONE]\n\n"), "ORS006"),
    ("a number is skipped", drop(1), "ORS007"),
    ("numbers begin late", both(*(in_chunk(index, put(sequence_number=7 + index)) for index in range(11))), "ORS007"),
    ("a delta has another item's id", in_chunk(5, put(item_id="msg_other")), "ORS009"),
]
WITH_TOOLS: list[tuple[str, Edit, str]] = [
    ("the call is not added", meant(drop(2)), "ORS003"),
    ("the arguments are not done", meant(drop(11)), "ORS003"),
    ("the call is not done", meant(drop(12)), "ORS003"),
    ("arguments after the call", meant(swap(10, 12)), "ORS003"),
    ("other arguments are done", in_arguments(11, lambda text: text.replace("Oslo", "Rome")), "ORS004"),
    ("a call gets another id", in_chunk(12, lambda event: event["item"].update(id="fc_other")), "ORS009"),
]
WITH_REASONING: list[tuple[str, Edit, str]] = [
    ("the reasoning is not done", meant(drop(7)), "ORS003"),
    ("reasoning after its end", meant(swap(4, 5)), "ORS003"),
    ("two items at one index", meant(everywhere(b'"output_index":1', b'"output_index":0')), "ORS003"),
    ("another reasoning is done", in_chunk(5, put(text="other")), "ORS004"),
    ("another reasoning in the item", in_chunk(7, lambda event: event["item"].update(summary=[
        {"type": "summary_text", "text": "other"}])), "ORS004"),
]  # fmt: skip
# What others are known to send, or may: no error may speak.
HARMLESS: list[tuple[str, Edit]] = [
    ("numbers from 1", both(*(in_chunk(index, put(sequence_number=1 + index)) for index in range(11)))),
    ("an extension", meant(insert(2, KEEPALIVE))),
    ("an extension without a number", insert(2, LIMITS)),
    ("an extension first", insert(0, LIMITS)),
    ("Copilot: each event has its own item_id", both(*(in_chunk(index, put(item_id=f"rotated{index}")) for index in range(3, 9)))),
    ("Codex: the final output is empty", in_response(-1, output=[])),
    ("the final output has other ids", in_chunk(-1, lambda event: event["response"]["output"][0].update(id="msg_other"))),
    ("more fields", in_chunk(4, put(obfuscation="x", response_id="resp_1"))),
]  # fmt: skip

MUTANTS = [
    *[
        mutant(f"{NAME}: {what}", Take(NAME, knobs, edit=edit), rule)
        for knobs, many in ((QUICK, BROKEN), (TOOLS, WITH_TOOLS), (REASONING, WITH_REASONING))
        for what, edit, rule in many
    ],
    *[mutant(f"{NAME}: {what}", Take(NAME, edit=edit)) for what, edit in HARMLESS],
    mutant(f"{NAME}: arguments in other white space", Take(
        NAME, TOOLS, edit=in_arguments(11, lambda text: text.replace(": ", ":")))),
    mutant(f"{NAME}: arguments that are not streamed", Take(NAME, TOOLS, edit=meant(drop(3, 8)))),
    mutant(f"{NAME}: it is incomplete, and completed", Take(
        NAME, f"{QUICK},finish=length", edit=in_response(-1, status="completed")), "ORS005"),
    mutant(f"{NAME}: an error and no response.failed", Take(NAME, f"{QUICK},fault=error@2", edit=drop(-1)), "ORS008"),
]  # fmt: skip
