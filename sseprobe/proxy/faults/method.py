"""`method:NAME`: the upstream is asked by another method."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, RequestHead


class Method(Fault):
    """Asks the upstream with this method, whatever the client used; a body is dropped for GET and HEAD."""

    touches_body = False

    def __init__(self, method: str) -> None:
        self._method = method.encode("ascii")

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """Changes it."""
        head.method = self._method
        return ()
