"""`add:NAME:VALUE`: the answer has this header."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, ResponseHead


class Add(Fault):
    """Sets a header of the answer, in place of what it said before."""

    touches_body = False

    def __init__(self, name: str, value: str) -> None:
        self._name = name.encode("ascii")
        self._value = value.encode("latin-1")

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Sets it."""
        head.replace(self._name, self._value)
        return ()
