"""What a terminal shows while a probe runs: lines that stay, and which view the stream gets."""

import pytest

from sseprobe.cli.observer import TerminalObserver
from sseprobe.config.options.output import OutputOptions
from sseprobe.http_exchange import Request
from sseprobe.redaction import Redactor
from sseprobe.reporters import live
from sseprobe.streams.view import SilentView

REQUEST = Request("GET", "http://h/", [])


def test_a_result_stays_and_holds_no_escape_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalObserver(OutputOptions()) as observer:
        observer.progress("not on a terminal")
        observer.result("a\x1b[31m\nb")
    err = capsys.readouterr().err
    assert err.startswith("sseprobe: a")
    assert "\x1b" not in err
    assert err.count("\n") == 1 or "\\n" not in err
    assert "not on a terminal" not in err


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalObserver(OutputOptions(quiet=True)) as observer:
        observer.result("x")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        ("text", live.TextView),
        ("events", live.EventsView),
        ("raw", live.RawView),
        ("json", live.JsonView),
        ("nothing", SilentView),
    ],
)
def test_the_view(shown: str, kind: type) -> None:
    assert type(TerminalObserver(OutputOptions(), shown).stream_view(Redactor(), REQUEST)) is kind
    verbose = TerminalObserver(OutputOptions(verbose=True), shown).stream_view(Redactor(), REQUEST)
    assert type(verbose) is live.VerboseView
