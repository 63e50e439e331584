"""Lists in the help of options, such as `{dialects}`: what they come from is imported when the help is shown."""

from collections.abc import Callable
from typing import Any, Final

from typer.core import TyperCommand, TyperOption


class Command(TyperCommand):
    """A command whose options may have placeholders in their help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Fills them in."""
        from rich.markup import escape

        for param in self.params:
            if isinstance(param, TyperOption):
                param.help = filled(param.help or "", escape)
        super().format_help(ctx, formatter)


def filled(text: str, escape: Callable[[str], str] = str) -> str:
    """The text with the lists in place of their placeholders. `escape`: how a list is written for what renders it."""
    for placeholder, listed in _LISTS.items():
        if placeholder in text:
            text = text.replace(placeholder, escape(listed()))
    return text


def _dialects() -> str:
    from sseprobe import dialects

    return ", ".join(dialects.NAMES)


def _probes() -> str:
    from sseprobe.probes.check import active

    return ", ".join(active.NAMES)


def _formats() -> str:
    from sseprobe.reporters import FORMATS

    return f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"


def _witnesses() -> str:
    from sseprobe import witnesses

    return witnesses.syntaxes()


_LISTS: Final = {"{dialects}": _dialects, "{probes}": _probes, "{formats}": _formats, "{witnesses}": _witnesses}
"""Placeholder -> what stands there."""
