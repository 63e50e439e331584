"""A command of typer from the options of its probe: each option stands in `sseprobe.config` once."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from msgspec import Struct

from sseprobe.config.options.groups import SHARED, Options, read_options, titled_fields
from sseprobe.config.options.option import OptionField, fields_of

Url = Annotated[
    str | None,
    typer.Argument(metavar="URL", help="The endpoint. Without it, the bundled mock is started and tested."),
]


_ANNOTATED: Any = Annotated
"""For a type that is known when this runs."""


def probe_command(
    run: Callable[[str | None, Options[Any]], None], probe: type[Struct], title: str
) -> Callable[..., None]:
    """A function that typer makes a command of: a URL, and all options of a probe. `title`: of its own options."""
    parameters = [inspect.Parameter("url", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Url)]
    parameters += [_parameter(field, panel) for panel, field in titled_fields(probe, title)]
    keys = {_identifier(field): field.key for _, field in titled_fields(probe, title)}

    def command(url: str | None = None, **given: Any) -> None:
        run(url, read_options(probe, {keys[name]: value for name, value in given.items()}))

    command.__name__, command.__doc__ = run.__name__, run.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _identifier(field: OptionField) -> str:
    return f"{field.key}_option"


def option_of(group: type[Struct], name: str) -> Any:
    """The option of a group, for a command that is not a probe; `name`: with hyphens."""
    panel = next((title for title, shared in SHARED.items() if shared is group), None)
    return _declared(next(field for field in fields_of(group) if field.name == name), panel)


def _parameter(field: OptionField, panel: str) -> inspect.Parameter:
    annotation, default = field.annotation, field.default
    if field.is_list:
        annotation, default = list[str] | None, default or None
    annotated = _ANNOTATED[annotation, _declared(field, panel)]
    return inspect.Parameter(_identifier(field), inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotated)


def _declared(field: OptionField, panel: str | None) -> Any:
    option = field.option
    return typer.Option(
        *option.flags,
        f"--{field.name}",
        help=option.help.replace("[", "\\["),  # brackets are markup to the library that renders it
        metavar=option.metavar,
        min=option.minimum,
        max=option.maximum,
        rich_help_panel=panel,
        show_default=field.default not in (None, False, []),
    )
