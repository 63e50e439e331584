"""Observers of a running probe, such as a terminal or a log."""

from sseprobe.http_exchange import Request
from sseprobe.redaction import Redactor
from sseprobe.streams.view import SilentView, StreamView


class Observer:
    """Ignores everything. Texts may quote the target: escape them before they are shown on a terminal."""

    def progress(self, what: str) -> None:
        """What the probe is doing now, such as `trial 2 of 9`."""

    def result(self, line: str) -> None:
        """A result worth a permanent line."""

    def stream_view(self, redact: Redactor, request: Request) -> StreamView:
        """The view of the first stream while it is received."""
        del redact, request
        return SilentView()
