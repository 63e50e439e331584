"""What the mock can do, as data, as text, and as the tables of docs/mock.md: dialects, knobs, faults, modes."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from mockserver import dialects
from mockserver.faults import FAULTS
from mockserver.modes import MODES, mode
from mockserver.scenario import KNOBS, Scenario


def listing() -> dict[str, Any]:
    """Dialects (name, paths), knobs (name, default, meaning), faults (name, stage, after, does), modes (name, does)."""
    defaults = msgspec.to_builtins(Scenario())
    return {
        "dialects": [{"name": api.name, "paths": _paths(api.paths)} for api in dialects.apis()],
        "knobs": [{"name": name, "default": defaults[name], "meaning": knob.meaning} for name, knob in KNOBS.items()],
        "faults": [
            {"name": name, "stage": fault.stage, "after": fault.after, "does": fault.summary}
            for name, fault in FAULTS.items()
        ],
        "modes": [{"name": name, "does": mode(name).SUMMARY} for name in MODES],
    }


def as_text(listed: dict[str, Any]) -> str:
    groups = [("DIALECTS", [(each["name"], ", ".join(each["paths"])) for each in listed["dialects"]])]
    knobs = [(_knob(each), each["meaning"]) for each in listed["knobs"]]
    groups.append(("KNOBS (header X-Mock, ?mock=, or the model's name: mock/tokens=50,fault=truncate@5)", knobs))
    for stage in dict.fromkeys(each["stage"] for each in listed["faults"]):
        faults = [(_fault(each), each["does"]) for each in listed["faults"] if each["stage"] == stage]
        groups.append((f"FAULTS {stage}", faults))
    groups.append(
        ("MODES (behaviour on client disconnect)", [(each["name"], each["does"]) for each in listed["modes"]])
    )
    width = max(len(name) for _, group in groups for name, _ in group)
    return "\n\n".join(
        "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in group)]) for title, group in groups
    )


def with_tables(page: str) -> str:
    """docs/mock.md with the tables of knobs, faults and modes between their marks."""
    listed = listing()
    defaults = {each["name"]: "" if each["default"] is None else f"{each['default']:g}" for each in listed["knobs"]}
    tables = {
        "knobs": _table(
            ("knob", "default", "meaning"),
            ((f"`{each['name']}`", defaults[each["name"]], each["meaning"]) for each in listed["knobs"]),
        ),
        "faults": _table(
            ("fault", "acts", "what happens"),
            ((f"`{_fault(each)}`", each["stage"], each["does"]) for each in listed["faults"]),
        ),
        "modes": _table(
            ("mode", "on client disconnect in mid-stream"),
            ((f"`{each['name']}`", each["does"]) for each in listed["modes"]),
        ),
    }
    for name, table in tables.items():
        between = re.compile(rf"(?<=<!-- {name} -->\n).*(?=<!-- /{name} -->)", re.DOTALL)
        page = between.sub(lambda _, table=table: table, page)  # type: ignore[misc]
    return page


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _knob(knob: dict[str, Any]) -> str:
    default = knob["default"]
    return f"{knob['name']}=" if default is None else f"{knob['name']}={default:g}"


def _fault(fault: dict[str, Any]) -> str:
    return f"{fault['name']}@{fault['after']}" if fault["after"] else str(fault["name"])


def _paths(paths: tuple[str, ...]) -> list[str]:
    return [path.replace(":path}", "}") for path in paths if "{version" not in path]
