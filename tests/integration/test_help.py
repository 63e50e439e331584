"""`--help` of every command, at a width people have."""

import inspect
import re
from itertools import pairwise

import pytest
from typer.models import CommandInfo

from sseprobe.cli.app import app
from tests.support.cli import Cli

WIDTH = 100
COMMANDS = [each for each in app.registered_commands if each.callback is not None]


def _prose(printed: str) -> list[str]:
    """The lines before the tables of arguments and options."""
    return [line.strip() for line in printed.partition("╭")[0].splitlines()]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: str(each.name))
def test_help_keeps_examples_whole_and_fills_its_lines(cli: Cli, command: CommandInfo) -> None:
    done = cli(str(command.name), "--help", env={"COLUMNS": str(WIDTH)})
    assert done.code == 0
    assert not done.err
    lines = _prose(done.out)
    for paragraph in (inspect.getdoc(command.callback) or "").split("\n\n"):
        if paragraph.startswith("\b"):
            for example in paragraph.splitlines()[1:]:
                assert example.strip() in lines
            continue
        said = " ".join(paragraph.split())
        first = next(place for place, line in enumerate(lines) if line and said.startswith(line))
        end = next(place for place in range(first, len(lines) + 1) if place == len(lines) or not lines[place])
        assert " ".join(lines[first:end]) == said
        for line, following in pairwise(lines[first:end]):
            assert len(line) + 1 + len(following.split()[0]) > WIDTH - 2


def test_help_shows_extras_with_their_brackets(cli: Cli) -> None:
    """Brackets are markup to the library that renders this."""
    printed = " ".join(re.sub("│", " ", cli("stream", "--help").out).split())
    assert "sseprobe[http2]" in printed
