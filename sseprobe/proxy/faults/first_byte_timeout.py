"""`first-byte-timeout:S`, `first-byte-timeout:S,STATUS`, `first-byte-timeout:S,eof|rst`: no response."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, RequestHead, ResponseHead, Wake
from sseprobe.proxy.fault_kind import FaultKind
from sseprobe.proxy.time_limit import SYNTAX, TimeLimit, parse_limit


class FirstByteTimeout(TimeLimit):
    """Times out if the head of the response has not come. Heroku: 30 s (H12), CloudFront: 30 s."""

    message = "no response within {}"

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        return (Wake(t_ns + self.limit_ns),)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        return (Wake(None),)


FAULT: Final = FaultKind(
    f"first-byte-timeout:{SYNTAX}",
    "times out if no response head comes within S seconds",
    FirstByteTimeout,
    parse_limit,
)
