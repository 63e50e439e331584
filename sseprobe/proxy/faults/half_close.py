"""`half-close:abort|ignore`: what a FIN of the client means."""

from typing import Final, Literal

from sseprobe.proxy.fault import Close, Fault
from sseprobe.proxy.fault_kind import FaultKind, choice, one


class HalfClose(Fault):
    """FIN: the client has disconnected (`abort`: nginx, Caddy), or half-closed (`ignore`: HAProxy, Apache)."""

    touches_body = False

    def __init__(self, meaning: Literal["abort", "ignore"]) -> None:
        self._ignores = meaning == "ignore"

    def closes_upstream_on(self, close: Close) -> bool:
        return not (self._ignores and close is Close.FIN)


FAULT: Final = FaultKind(
    "half-close:abort|ignore",
    "takes a client's FIN for a disconnect (abort) or a half-close (ignore)",
    HalfClose,
    one(choice("abort", "ignore")),
)
