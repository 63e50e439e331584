"""What time limits have in common: a response of the proxy's own before the head has gone, a cut after it."""

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from sseprobe.proxy.fault import NOTHING, Action, Break, Close, End, Fault, Refuse, ResponseHead, Wake
from sseprobe.proxy.fault_kind import Arguments, ValueSpecError, seconds
from sseprobe.units import ns

GATEWAY_TIMEOUT: Final = 504
SYNTAX: Final = "S[,eof|rst|STATUS]"
_CLOSES: Final = {"eof": Close.FIN, "rst": Close.RST}


class TimeLimit(Fault):
    """A limit of `seconds`. `status`: of the proxy's own response while the head has not gone; None: it cuts even then.

    `while_held`: false where it responds only until the head has come from upstream, and cuts from then on, although
    it still holds that head back, as nginx does. `message`: of its response; {} is the time.
    """

    message: ClassVar[str]

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
        return (Wake(None), End())

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        return (Wake(None), broken)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """The time is up."""
        if self._status is None:
            return (Break(self._otherwise),)
        return (Refuse(self._status, self.message.format(f"{self._seconds:g} s"), self._otherwise),)


def parse_limit(value: str | None) -> Arguments:
    """`S`, `S,eof`, `S,rst` or `S,STATUS`: the arguments of a `TimeLimit`."""
    time, comma, ending = (value or "").partition(",")
    if not comma:
        return (seconds(time),)
    if ending in _CLOSES:
        return seconds(time), None, _CLOSES[ending]
    if re.fullmatch("[45][0-9][0-9]", ending):
        return seconds(time), int(ending)
    raise ValueSpecError("seconds, then eof, rst, or an HTTP status from 400 to 599")
