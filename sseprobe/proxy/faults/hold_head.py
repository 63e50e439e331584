"""`hold-head`: the response head waits for the body."""

from typing import Final

from sseprobe.proxy.fault import Fault
from sseprobe.proxy.fault_kind import FaultKind, nothing


class HoldHead(Fault):
    """Sends the response head together with the first byte of body; the body passes.

    nginx with an HTTP/1.1 upstream does so (measured with 1.22), unless `X-Accel-Buffering: no` is sent: a client
    sees no response at all before the first token.
    """

    holds_head = True


FAULT: Final = FaultKind("hold-head", "holds the response head until the first byte of body", HoldHead, nothing)
