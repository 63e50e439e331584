"""Lists in an option's help that come from a room's table: it is imported when the help is shown, and not before."""

from importlib import import_module
from typing import Any, Final

from typer.core import TyperCommand, TyperOption

WITNESSES: Final = "{witnesses}"
_LISTS: Final = {WITNESSES: ("sseprobe.witnesses", "syntaxes")}
"""Placeholder -> module, and its function that returns what stands there."""


class Command(TyperCommand):
    """A command whose options may have placeholders in their help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Fills them in."""
        for param in self.params:
            if isinstance(param, TyperOption):
                param.help = _filled(param.help or "")
        super().format_help(ctx, formatter)


def _filled(text: str) -> str:
    from rich.markup import escape

    for placeholder, (module, function) in _LISTS.items():
        if placeholder in text:
            text = text.replace(placeholder, escape(getattr(import_module(module), function)()))
    return text
