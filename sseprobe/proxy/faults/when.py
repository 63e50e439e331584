"""Conditions under which a hop does what it does. Of profiles only: it has no word of its own."""

from collections.abc import Iterable, Sequence

from sseprobe.proxy.fault import Action, Break, Close, End, Fault, RequestHead, ResponseHead, Send, has_token
from sseprobe.proxy.http1 import is_chunked


class When(Fault):
    """Does what another fault does, except where the answer asks for peace, or the request is not of its kind.

    `honour_xab`: `X-Accel-Buffering: no`; `honour_no_transform`: `Cache-Control: no-transform`; `only_types`: these
    media types flow freely; `methods`: only answers to these are touched.
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
        self._fault = fault
        self._honour_xab = honour_xab
        self._honour_no_transform = honour_no_transform
        self._only_types = only_types
        self._methods = methods
        self._passes_chunks = passes_chunks
        self._on = True
        self.touches_body = fault.touches_body
        self.alters_length = fault.alters_length
        self.reads_client = fault.reads_client

    @property
    def holds_head(self) -> bool:  # type: ignore[override]  # it depends on the head
        """As the other does, once it is known whether it acts."""
        return self._on and self._fault.holds_head

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """Whether the request is of its kind."""
        self._on = not self._methods or head.method in self._methods
        return self._fault.on_request(head, t_ns) if self._on else ()

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Whether the answer asks for peace."""
        if (
            (self._honour_xab and has_token(head, b"x-accel-buffering", b"no"))
            or (self._honour_no_transform and has_token(head, b"cache-control", b"no-transform"))
            or head.content_type in self._only_types
            or (self._passes_chunks and is_chunked(head))
        ):
            self._on = False
        return self._fault.on_head(head, t_ns) if self._on else ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """As the other, or passes on."""
        return self._fault.on_body(data, t_ns) if self._on else (Send(data),)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        """As the other, or passes on."""
        return self._fault.on_end(t_ns) if self._on else (End(),)

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """As the other, or passes on."""
        return self._fault.on_break(broken, t_ns) if self._on else (broken,)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """As the other."""
        return self._fault.on_wake(t_ns) if self._on else ()

    def closes_upstream_on(self, close: Close) -> bool:
        """As the other."""
        return self._fault.closes_upstream_on(close)
