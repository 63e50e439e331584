"""What proves each rule: a good and a bad stream, one file a family."""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from sseprobe.cassette import Cassette
from sseprobe.rules.catalogue import FAMILIES
from tests.support.takes import Recorder, Take


class Proof(NamedTuple):
    """Two streams that differ in what the rule is about. `says`: what the first finding on the bad one contains."""

    good: Take
    bad: Take
    says: str


def all_proofs() -> dict[str, Proof]:
    """By rule id, over all families that have a file here."""
    proofs: dict[str, Proof] = {}
    for family in FAMILIES.values():
        path = Path(__file__).parent / f"{family.module}.py"
        if path.exists():
            proofs |= import_module(f"tests.rules.proofs.{family.module}").PROOFS
    return proofs


def recording(recorder: Recorder, name: str) -> Cassette:
    """One stream of a proof by its name: `TRM001/good`, `TRM001/bad`."""
    rule, _, kind = name.partition("/")
    return recorder(getattr(all_proofs()[rule], kind))
