"""What the mock can do, as data and as text: APIs, knobs, faults."""

from typing import Any

import msgspec

from mockserver import dialects
from mockserver.faults import FAULTS
from mockserver.modes import MODES
from mockserver.scenario import MEANINGS, Scenario


def listing() -> dict[str, Any]:
    """Dialects (name, paths), knobs (name, default, meaning), faults (name, stage, after, does), modes (name, does)."""
    defaults = msgspec.to_builtins(Scenario())
    return {
        "dialects": [{"name": api.name, "paths": _paths(api.paths)} for api in dialects.apis()],
        "knobs": [{"name": name, "default": defaults[name], "meaning": said} for name, said in MEANINGS.items()],
        "faults": [
            {"name": name, "stage": fault.stage, "after": fault.after, "does": fault.does}
            for name, fault in FAULTS.items()
        ],
        "modes": [{"name": name, "does": mode.does} for name, mode in MODES.items()],
    }


def as_text(listed: dict[str, Any]) -> str:
    """The same for people."""
    groups = [("DIALECTS", [(each["name"], ", ".join(each["paths"])) for each in listed["dialects"]])]
    knobs = [(_knob(each), each["meaning"]) for each in listed["knobs"]]
    groups.append(("KNOBS, in X-Mock, ?mock=, or the model's name (mock/tokens=50,fault=truncate@5)", knobs))
    for stage in dict.fromkeys(each["stage"] for each in listed["faults"]):
        faults = [(_fault(each), each["does"]) for each in listed["faults"] if each["stage"] == stage]
        groups.append((f"FAULTS {stage}", faults))
    groups.append(
        (
            "MODES: how the server takes it when a client leaves",
            [(each["name"], each["does"]) for each in listed["modes"]],
        )
    )
    width = max(len(name) for _, group in groups for name, _ in group)
    return "\n\n".join(
        "\n".join([title, *(f"  {name:<{width}}  {said}" for name, said in group)]) for title, group in groups
    )


def _knob(knob: dict[str, Any]) -> str:
    default = knob["default"]
    return f"{knob['name']}=" if default is None else f"{knob['name']}={default:g}"


def _fault(fault: dict[str, Any]) -> str:
    return f"{fault['name']}@{fault['after']}" if fault["after"] else str(fault["name"])


def _paths(paths: tuple[str, ...]) -> list[str]:
    """As people write them."""
    return [path.replace(":path}", "}") for path in paths if "{version" not in path]
