"""Who follows a probe while it runs: a terminal, a log, or nobody."""

from sseprobe.http_exchange import Request
from sseprobe.redaction import Redactor
from sseprobe.streams.view import SilentView, StreamView


class Observer:
    """Follows a probe, and shows nothing. Texts may quote the target: they are not safe for a terminal as they are."""

    def progress(self, what: str) -> None:
        """What is being done now."""

    def result(self, line: str) -> None:
        """What became known, worth a line that stays."""

    def stream_view(self, redact: Redactor, request: Request) -> StreamView:
        """What sees the first stream while it is received."""
        del redact, request
        return SilentView()
