"""What proves each rule: a good and a bad stream, one file a family. The fixture `recorded` records them."""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from sseprobe.rules.catalogue import FAMILIES
from tests.support.takes import Take


class Proof(NamedTuple):
    """Two streams that differ in what the rule is about. `says`: what the first finding on the bad one contains."""

    good: Take
    bad: Take
    says: str


def all_proofs() -> dict[str, Proof]:
    """By rule id, over all families that have a file here."""
    proofs: dict[str, Proof] = {}
    for module in [module for family in FAMILIES.values() for module in family.modules]:
        path = Path(__file__).parent / f"{module}.py"
        if path.exists():
            proofs |= import_module(f"tests.rules.proofs.{module}").PROOFS
    return proofs
