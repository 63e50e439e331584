"""`idle-timeout:S`, `idle-timeout:S,STATUS`, `idle-timeout:S,eof|rst`: silence."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, RequestHead, ResponseHead, Send, Wake
from sseprobe.proxy.fault_kind import FaultKind
from sseprobe.proxy.time_limit import SYNTAX, TimeLimit, parse_limit


class IdleTimeout(TimeLimit):
    """Times out after silence between two arrivals from upstream, once the request is sent.

    nginx (proxy_read_timeout 60 s) closes without the last chunk (measured with 1.22); load balancers: 30 to 120 s.
    """

    message = "no data for {}"

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        return (Wake(t_ns + self.limit_ns),)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        super().on_head(head, t_ns)
        return (Wake(t_ns + self.limit_ns),)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        return (Wake(t_ns + self.limit_ns), Send(data))


FAULT: Final = FaultKind(f"idle-timeout:{SYNTAX}", "times out after S seconds without data", IdleTimeout, parse_limit)
