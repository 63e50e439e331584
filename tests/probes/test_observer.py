"""An observer that nobody looks at."""

from sseprobe.http_exchange import Request
from sseprobe.probes.observer import Observer
from sseprobe.redaction import Redactor
from sseprobe.streams.view import SilentView


def test_it_shows_nothing(capsys: object) -> None:
    observer = Observer()
    observer.progress("x")
    observer.result("x")
    assert type(observer.stream_view(Redactor(), Request("GET", "http://h/", []))) is SilentView
    assert capsys.readouterr() == ("", "")  # type: ignore[attr-defined]
