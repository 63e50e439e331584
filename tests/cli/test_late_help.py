"""Help whose lists come from a table when it is shown."""

from typing import Annotated

import typer
from typer.testing import CliRunner

from sseprobe.cli import late_help
from sseprobe.witnesses import syntaxes


def test_a_placeholder_is_filled_in() -> None:
    app = typer.Typer()

    @app.command(cls=late_help.Command)
    def show(what: Annotated[str, typer.Option(help="One of {witnesses}!")] = "") -> None:
        """Shows."""

    shown = " ".join(CliRunner().invoke(app, ["--help"], env={"COLUMNS": "2000"}).output.split())
    assert f"One of {syntaxes()}!" in shown
