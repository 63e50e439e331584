"""Family AGU."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, changed, drop

PROOFS = {
    "AGU001": Proof(Take("ag-ui"), Take("ag-ui", edit=drop(1)), "TEXT_MESSAGE_CONTENT for"),
    "AGU002": Proof(Take("ag-ui"), Take("ag-ui", edit=drop(0)), "the first event is TEXT_MESSAGE_START"),
    "AGU003": Proof(
        Take("ag-ui"), Take("ag-ui", edit=changed(1, lambda event: event.update(parentId=None))), "parentId is null"
    ),
}
