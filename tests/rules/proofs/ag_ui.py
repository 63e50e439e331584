"""Family AGU."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, changed, drop, event_with, insert, replace

GOOD = Take("ag-ui")
REASONING = f"{QUICK},reasoning=2"


def chunk(**fields: str) -> bytes:
    """A chunk of a message."""
    return event_with({"type": "TEXT_MESSAGE_CHUNK", **fields})


PROOFS = {
    "AGU001": Proof(GOOD, Take("ag-ui", edit=drop(1)), "TEXT_MESSAGE_CONTENT for"),
    "AGU002": Proof(GOOD, Take("ag-ui", edit=drop(0)), "the first event is TEXT_MESSAGE_START"),
    "AGU003": Proof(
        GOOD,
        Take("ag-ui", edit=changed(1, lambda event: event.update(raw_event={}))),
        "raw_event is not camelCase",
    ),
    "AGU004": Proof(
        GOOD, Take("ag-ui", edit=changed(1, lambda event: event.update(timestamp=None))), "timestamp is null"
    ),
    "AGU005": Proof(
        Take("ag-ui", REASONING), Take("ag-ui", REASONING, edit=drop(6)), "the run finishes while reasoning"
    ),
    "AGU006": Proof(
        Take("ag-ui", edit=insert(-1, chunk(messageId="m2", delta="Hi"), chunk(delta=" there"))),
        Take("ag-ui", edit=insert(-1, chunk(delta="Hi"))),
        "the first TEXT_MESSAGE_CHUNK has no messageId",
    ),
    "AGU007": Proof(
        Take("ag-ui", REASONING),
        Take("ag-ui", REASONING, edit=replace(2, b'"role":"reasoning"', b'"role":"assistant"')),
        "REASONING_MESSAGE_START has the role assistant",
    ),
    "AGU008": Proof(
        GOOD,
        Take("ag-ui", edit=insert(1, event_with({"type": "THINKING_START"}), event_with({"type": "THINKING_END"}))),
        "THINKING_START is retired",
    ),
}
