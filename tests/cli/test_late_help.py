"""Help whose lists come from a table when it is shown."""

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from sseprobe import dialects
from sseprobe.cli import late_help
from sseprobe.probes.check import active
from sseprobe.witnesses import syntaxes

HELP = "Dialects {dialects}! Probes {probes}! Formats {formats}! Witnesses {witnesses}!"
LISTS = [
    f"Dialects {', '.join(dialects.NAMES)}!",
    f"Probes {', '.join(active.NAMES)}!",
    "Formats terminal, ",
    f"Witnesses {syntaxes()}!",
]


@pytest.mark.parametrize("text", LISTS)
def test_lists_are_filled_in(text: str) -> None:
    app = typer.Typer(rich_markup_mode="rich")

    @app.command(cls=late_help.Command)
    def show(what: Annotated[str, typer.Option(help=HELP)] = "") -> None:
        """Shows."""

    shown = " ".join(CliRunner().invoke(app, ["--help"], env={"COLUMNS": "4000"}).output.split())
    assert text in shown
    assert text in late_help.filled(HELP)
