"""`strip:NAME`: a header of the answer is removed."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, ResponseHead


class Strip(Fault):
    """Removes a header of the answer, as nginx does with X-Accel-Buffering, and scanners with Cache-Control."""

    touches_body = False

    def __init__(self, name: str) -> None:
        self._name = name.lower().encode("ascii")

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Removes it."""
        head.remove(self._name)
        return ()
