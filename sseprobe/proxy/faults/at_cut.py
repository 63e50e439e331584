"""What becomes of what a fault holds when the stream is cut. Of profiles only: it has no word of its own."""

from collections.abc import Iterable
from typing import Literal

from sseprobe.proxy.fault import Action, Break, Close, Fault, RequestHead, ResponseHead


class AtCut(Fault):
    """Does what another fault does, and at a cut loses what that holds, or hides the cut and calls it the end.

    nginx loses its buffer at a timeout and a reset; lighttpd, which collects the whole answer, passes on as complete
    what it has (both measured).
    """

    def __init__(self, inner: Fault, outcome: Literal["lose", "hide"]) -> None:
        self._inner = inner
        self._outcome = outcome
        self.touches_body = inner.touches_body
        self.alters_length = inner.alters_length
        self.reads_client = inner.reads_client

    @property
    def holds_head(self) -> bool:  # type: ignore[override]  # it may change its mind
        """As the other."""
        return self._inner.holds_head

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """As the other."""
        return self._inner.on_request(head, t_ns)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """As the other."""
        return self._inner.on_head(head, t_ns)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """As the other."""
        return self._inner.on_body(data, t_ns)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        """As the other."""
        return self._inner.on_end(t_ns)

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """Without what is held, or as an end."""
        return (broken,) if self._outcome == "lose" else self._inner.on_end(t_ns)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """As the other."""
        return self._inner.on_wake(t_ns)

    def closes_upstream_on(self, close: Close) -> bool:
        """As the other."""
        return self._inner.closes_upstream_on(close)
