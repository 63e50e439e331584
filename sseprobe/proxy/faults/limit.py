"""What time limits have in common: an answer of the hop's own before the head, a cut after it."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import NOTHING, Action, Break, Close, End, Fault, Refuse, ResponseHead, Wake
from sseprobe.units import ns

GATEWAY_TIMEOUT: Final = 504


class Limit(Fault):
    """A limit of `seconds`. `status`: of the hop's own answer while the head has not gone, None: it cuts even then.

    `while_held`: false where it answers only until the head has come from upstream, and cuts from then on, although it
    still holds that head back, as nginx does.
    """

    said: str

    def __init__(
        self,
        seconds: float,
        status: int | None = GATEWAY_TIMEOUT,
        otherwise: Close = Close.FIN,
        *,
        while_held: bool = True,
    ) -> None:
        self.limit_ns = ns(seconds)
        self._seconds = seconds
        self._status = status
        self._otherwise = otherwise
        self._while_held = while_held

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """There is something to cut from now on."""
        if not self._while_held:
            self._status = None
        return NOTHING

    def on_end(self, t_ns: int) -> Iterable[Action]:
        """In time."""
        return (Wake(None), End())

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """Over anyway."""
        return (Wake(None), broken)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """The time is over."""
        if self._status is None:
            return (Break(self._otherwise),)
        return (Refuse(self._status, self.said.format(f"{self._seconds:g} s"), self._otherwise),)
