"""`total-timeout:S`, `total-timeout:S,STATUS`, `total-timeout:S,eof|rst`: it takes too long."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, RequestHead, Wake
from sseprobe.proxy.fault_kind import FaultKind
from sseprobe.proxy.time_limit import SYNTAX, TimeLimit, parse_limit


class TotalTimeout(TimeLimit):
    """Times out if the response is not complete, however much has come. Envoy: 15 s; API Gateway: 29 s."""

    message = "the response was not complete within {}"

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        return (Wake(t_ns + self.limit_ns),)


FAULT: Final = FaultKind(
    f"total-timeout:{SYNTAX}", "times out if the response is not complete within S seconds", TotalTimeout, parse_limit
)
