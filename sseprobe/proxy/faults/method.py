"""`method:NAME`: the upstream request has another method."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, RequestHead
from sseprobe.proxy.fault_kind import Arguments, FaultKind, header_name


class Method(Fault):
    """Uses this method upstream, whatever the client used. The request body is dropped for GET and HEAD."""

    touches_body = False

    def __init__(self, method: str) -> None:
        self._method = method.encode("ascii")

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        head.method = self._method
        return ()


def _parse(value: str | None) -> Arguments:
    return (header_name(value).upper(),)


FAULT: Final = FaultKind("method:NAME", "changes the method of the upstream request", Method, _parse)
