"""A command from the options of its probe: flags, defaults, and what the probe gets."""

from typing import Annotated, Any

import pytest
import typer
from msgspec import Struct
from typer.testing import CliRunner

from sseprobe.cli import late_help
from sseprobe.cli.derive import option_of, probe_command
from sseprobe.config.options.connection import ConnectOptions
from sseprobe.config.options.groups import Options
from sseprobe.config.options.option import Option
from sseprobe.errors import UsageError


class Own(Struct, frozen=True, kw_only=True):
    limit_s: Annotated[float, Option("A limit [s].", ("-l",), name="own-limit", minimum=1)] = 2.0
    names: Annotated[list[str] | None, Option("Names: {dialects}.", name="name", metavar="NAME")] = None
    loud: Annotated[bool, Option("Loud.")] = False


@pytest.fixture
def seen() -> list[tuple[str | None, Options[Any]]]:
    return []


@pytest.fixture
def app(seen: list[tuple[str | None, Options[Any]]]) -> typer.Typer:
    def own(url: str | None, options: Options[Any]) -> None:
        """Its help."""
        seen.append((url, options))

    made = typer.Typer()
    made.command(cls=late_help.Command)(probe_command(own, Own, "Its own"))
    return made


def test_defaults(app: typer.Typer, seen: list[tuple[str | None, Options[Any]]]) -> None:
    assert CliRunner().invoke(app, []).exit_code == 0
    [(url, options)] = seen
    assert (url, options.own, options.connection) == (None, Own(), ConnectOptions())


def test_what_is_given(app: typer.Typer, seen: list[tuple[str | None, Options[Any]]]) -> None:
    words = ["http://h/", "-l", "3", "--name", "a", "--name", "b", "--loud", "--timeout", "4", "-H", "A: b"]
    assert CliRunner().invoke(app, words).exit_code == 0
    [(url, options)] = seen
    assert (url, options.own) == ("http://h/", Own(limit_s=3.0, names=["a", "b"], loud=True))
    assert (options.connection.timeout_s, options.request.headers) == (4.0, ["A: b"])


def test_help(app: typer.Typer) -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"], env={"COLUMNS": "1000"}).output.split())
    for text in ("Its help.", "Its own", "--own-limit", "A limit [s].", "[default: 2.0]", "openai-chat, ", "--timeout"):
        assert text in shown
    assert "{" not in shown


@pytest.mark.parametrize("value", ["0", "nan"])
def test_bounds(app: typer.Typer, value: str) -> None:
    result = CliRunner().invoke(app, ["-l", value])
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit | UsageError)


def test_an_option_for_a_command_that_is_no_probe() -> None:
    declared = option_of(ConnectOptions, "cacert")
    assert (declared.default, declared.metavar, declared.rich_help_panel) == ("--cacert", "FILE", "Connection")
