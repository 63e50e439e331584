"""`sseprobe rules`: the rule catalogue, or one rule in full."""

from typing import TYPE_CHECKING, Annotated

import typer

from sseprobe.cli import shared_options as o

if TYPE_CHECKING:
    from rich.console import Console

    from sseprobe.rules import Rule


def rules(
    identifier: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="A rule, such as SSE007, or a family, such as ANT.", show_default=False),
    ] = None,
    no_color: o.NoColor = False,
) -> None:
    """List the rules; with an id, show what that rule does, why it matters, and its source.

    \b
      sseprobe rules
      sseprobe rules SSE007
      sseprobe rules ANT
    """
    from sseprobe.cli.console import terminal
    from sseprobe.rules import all_rules
    from sseprobe.rules.selection import known_id

    console = terminal(no_color=no_color)
    wanted = (identifier or "").upper()
    known = known_id(wanted, "rules") if wanted else ""
    exact = [rule for rule in all_rules() if rule.id == known]
    if exact:
        _show(console, exact[0])
    else:
        _list(console, [rule for rule in all_rules() if rule.id.startswith(known)])


def _list(console: "Console", chosen: "list[Rule]") -> None:
    from rich.table import Table
    from rich.text import Text

    from sseprobe.rules.catalogue import FAMILIES

    for name, family in FAMILIES.items():
        table = Table.grid(padding=(0, 2), pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for rule in chosen:
            if rule.family == name:
                table.add_row(f"  {rule.id}", Text(rule.severity, style=_STYLES[rule.severity]), rule.title)
        if table.row_count:
            console.print(Text(f"{name}  {family.title}", style="bold"))
            console.print(table)


_STYLES = {"error": "red", "warning": "yellow", "info": "dim"}


def _show(console: "Console", rule: "Rule") -> None:
    from rich.padding import Padding
    from rich.text import Text

    from sseprobe.rules.pages import page_of

    page = page_of(rule)
    console.print(Text.assemble((rule.id, "bold"), f"  {rule.title}"))
    console.print(Text(f"  {page.about}", style=_STYLES[rule.severity]))
    for name, text in page.parts.items():
        console.print(Padding(Text.assemble((f"{name}: ", "bold"), text), (0, 0, 0, 2)))
    console.print(Text(f"  {rule.spec}", style="dim"), soft_wrap=True)
