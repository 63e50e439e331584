"""Faults around another fault: under conditions, or with another outcome at a cut. Only profiles use them."""

from collections.abc import Iterable, Sequence
from typing import Literal

from sseprobe.proxy.fault import Action, Break, Close, Fault, RequestHead, ResponseHead, has_token
from sseprobe.proxy.http1 import is_chunked


class FaultWrapper(Fault):
    """Does what another fault does, or passes everything on once it is switched off."""

    def __init__(self, fault: Fault) -> None:
        self._wrapped = fault
        self._acting = fault
        self.touches_body = fault.touches_body
        self.alters_length = fault.alters_length
        self.reads_client = fault.reads_client

    def switch_off(self) -> None:
        """From now on everything passes."""
        self._acting = Fault()

    @property
    def holds_head(self) -> bool:  # type: ignore[override]  # it may change
        """Whether the head waits now."""
        return self._acting.holds_head

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        return self._acting.on_request(head, t_ns)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        return self._acting.on_head(head, t_ns)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        return self._acting.on_body(data, t_ns)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        return self._acting.on_end(t_ns)

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        return self._acting.on_break(broken, t_ns)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        return self._acting.on_wake(t_ns)

    def closes_upstream_on(self, close: Close) -> bool:
        return self._wrapped.closes_upstream_on(close)


class When(FaultWrapper):
    """Acts only where the request and the response meet all conditions.

    `honour_xab`: not with `X-Accel-Buffering: no`; `honour_no_transform`: not with `Cache-Control: no-transform`;
    `only_types`: not for these media types; `methods`: only for these methods (empty: all); `passes_chunks`: not for
    responses in transfer chunks.
    """

    def __init__(
        self,
        fault: Fault,
        *,
        honour_xab: bool = False,
        honour_no_transform: bool = False,
        only_types: Sequence[bytes] = (),
        methods: Sequence[bytes] = (),
        passes_chunks: bool = False,
    ) -> None:
        super().__init__(fault)
        self._honour_xab = honour_xab
        self._honour_no_transform = honour_no_transform
        self._only_types = only_types
        self._methods = methods
        self._passes_chunks = passes_chunks

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        if self._methods and head.method not in self._methods:
            self.switch_off()
        return super().on_request(head, t_ns)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        if (
            (self._honour_xab and has_token(head, b"x-accel-buffering", b"no"))
            or (self._honour_no_transform and has_token(head, b"cache-control", b"no-transform"))
            or head.content_type in self._only_types
            or (self._passes_chunks and is_chunked(head))
        ):
            self.switch_off()
        return super().on_head(head, t_ns)


class AtCut(FaultWrapper):
    """At a cut it loses what the other fault holds, or hides the cut and ends the body as if it were complete.

    nginx loses its buffer at a timeout and a reset; lighttpd, which collects the whole response, passes on as complete
    what it has (both measured).
    """

    def __init__(self, fault: Fault, outcome: Literal["lose", "hide"]) -> None:
        super().__init__(fault)
        self._outcome = outcome

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        return (broken,) if self._outcome == "lose" else self.on_end(t_ns)
