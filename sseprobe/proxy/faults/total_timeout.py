"""`total-timeout:S`, `total-timeout:S,STATUS`, `total-timeout:S,eof|rst`: see the class."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, RequestHead, Wake
from sseprobe.proxy.faults.limit import Limit


class TotalTimeout(Limit):
    """Gives up if the whole answer has not come in time, however lively it is. Envoy: 15 s; API Gateway: 29 s."""

    said = "the answer was not complete within {}"

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """The clock starts."""
        return (Wake(t_ns + self.limit_ns),)
