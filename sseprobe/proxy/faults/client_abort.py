"""`client-abort:at-once|next-write|never`: when a client's disconnect reaches the upstream."""

from typing import Final

from sseprobe.proxy.fault import Close, Fault
from sseprobe.proxy.fault_kind import FaultKind, choice, one


class ClientAbort(Fault):
    """`when` the upstream connection is closed.

    `at-once`: as soon as the client closes. `next-write`: when writing to the client fails, so that a silent upstream
    never notices: HAProxy, Apache, Caddy with flush_interval -1. `never`: the upstream works to its end: lighttpd. All
    measured.
    """

    touches_body = False

    def __init__(self, when: str) -> None:
        self.reads_client = when == "at-once"
        self._when = when

    def closes_upstream_on(self, close: Close) -> bool:
        return self._when != "never"


FAULT: Final = FaultKind(
    "client-abort:at-once|next-write|never",
    "closes the upstream connection on client disconnect: at once, at the next write, or never",
    ClientAbort,
    one(choice("at-once", "next-write", "never")),
)
