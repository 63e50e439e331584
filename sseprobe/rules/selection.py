"""Rule selection: `--select` and `--ignore`, by id or prefix."""

import difflib
import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from sseprobe.errors import UsageError
from sseprobe.rules.base import Rule
from sseprobe.rules.catalogue import all_rules


class Selection(Struct, frozen=True):
    """Ids and prefixes of rules. Empty `select`: all rules."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def rules(self) -> list[Rule]:
        """The rules to run."""
        chosen = [rule for rule in all_rules() if not self.select or rule.id.startswith(self.select)]
        return [rule for rule in chosen if not rule.id.startswith(self.ignore)] if self.ignore else chosen

    def names(self, rule: Rule) -> bool:
        """Whether a rule was named by its own id."""
        return rule.id in self.select

    def prefixes(self) -> list[str]:
        """The words of `select` that are not a rule's own id."""
        known = {rule.id for rule in all_rules()}
        return [word for word in self.select if word not in known]


def selection(select: Sequence[str] | None, ignore: Sequence[str] | None) -> Selection:
    """From option values: ids and prefixes, separated by commas. Raises UsageError for an unknown one."""
    chosen = Selection(tuple(_ids(select or (), "--select")), tuple(_ids(ignore or (), "--ignore")))
    if not chosen.rules():
        raise UsageError("--select and --ignore exclude every rule.")
    return chosen


def _ids(words: Iterable[str], option: str) -> list[str]:
    found = []
    for word in words:
        for name in re.split(r"[,\s]+", word.strip()):
            if name:
                found.append(known_id(name, option))
    return found


def known_id(name: str, where: str) -> str:
    """An id or prefix in capitals. Raises UsageError with the nearest known id; `where`: the option, for its text."""
    wanted = name.upper()
    ids = [rule.id for rule in all_rules()]
    if any(each.startswith(wanted) for each in ids):
        return wanted
    families = {rule.family for rule in all_rules()}
    near = difflib.get_close_matches(wanted, [*ids, *families], 1, cutoff=0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UsageError(f"{where}: unknown rule {name!r}.{hint} For a list: sseprobe rules.")
