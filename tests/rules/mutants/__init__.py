"""Mutants: the mock's clean streams with one thing broken, and the rule that has to say so. One file a family."""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from sseprobe.rules.catalogue import FAMILIES
from tests.support.takes import Take


class Mutant(NamedTuple):
    """`rules`: those of severity error that must speak, all of them and no other; a warning is named as well where
    the defect is one, and then no error may speak.
    """

    name: str
    take: Take
    rules: frozenset[str]


def mutant(name: str, take: Take, *rules: str) -> Mutant:
    """A mutant that these rules must name."""
    return Mutant(name, take, frozenset(rules))


def all_mutants() -> list[Mutant]:
    """Over all families that have a file here."""
    found: list[Mutant] = []
    for module in [module for family in FAMILIES.values() for module in family.modules]:
        path = Path(__file__).parent / f"{module}.py"
        if path.exists():
            found += import_module(f"tests.rules.mutants.{module}").MUTANTS
    return found
