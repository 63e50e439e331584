"""`first-byte-timeout:S`, `first-byte-timeout:S,STATUS`, `first-byte-timeout:S,eof|rst`: see the class."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, RequestHead, ResponseHead, Wake
from sseprobe.proxy.faults.limit import Limit


class FirstByteTimeout(Limit):
    """Gives up if the head of the answer has not come in time. Heroku: 30 s (H12), CloudFront: 30 s."""

    said = "no answer came within {}"

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """The clock starts."""
        return (Wake(t_ns + self.limit_ns),)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """In time."""
        return (Wake(None),)
