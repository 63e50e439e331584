"""`502-html-midway`, `502-html-midway:N`: a proxy's error page in the middle of a stream."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, End, Fault, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one

PAGE: Final = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"</body>\r\n</html>\r\n"
)


class ErrorPage(Fault):
    """After `after_bytes` of body sends an error page, and ends the body as if it were complete."""

    alters_length = True

    def __init__(self, after_bytes: int = 1) -> None:
        self._left = after_bytes

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        passing = data[: self._left]
        self._left -= len(passing)
        yield Send(passing)
        if not self._left:
            yield Send(PAGE)
            yield End()


FAULT: Final = FaultKind(
    "502-html-midway[:N]", "ends the body after N bytes with an HTML error page", ErrorPage, one(count, 1)
)
