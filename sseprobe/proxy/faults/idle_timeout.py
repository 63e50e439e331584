"""`idle-timeout:S`, `idle-timeout:S,STATUS`, `idle-timeout:S,eof|rst`: see the class."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, RequestHead, ResponseHead, Send, Wake
from sseprobe.proxy.faults.limit import Limit


class IdleTimeout(Limit):
    """Gives up after silence between two arrivals from upstream, once the request is on its way.

    nginx (proxy_read_timeout 60 s) closes without the last chunk (measured with 1.22); load balancers: 30 to 120 s.
    """

    said = "nothing came for {}"

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """The clock starts."""
        return (Wake(t_ns + self.limit_ns),)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """It starts again."""
        super().on_head(head, t_ns)
        return (Wake(t_ns + self.limit_ns),)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """And again."""
        return (Wake(t_ns + self.limit_ns), Send(data))
