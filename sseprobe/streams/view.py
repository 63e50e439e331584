"""What sees a stream while it is received: a live view, a client that counts, or nobody."""

from typing import Protocol

from msgspec import Struct

from sseprobe.dialects.base import Delta, Dialect
from sseprobe.http_exchange import Chunk, Head, Redirect
from sseprobe.sse import Item


class Received(Struct, frozen=True):
    """One item, with the deltas that an event decodes to. `again`: it came before, and is read otherwise now."""

    item: Item
    deltas: tuple[Delta, ...] = ()
    again: bool = False


class StreamView(Protocol):
    """What sees a stream while it is received. OSError from it means that no client reads its output any more."""

    def head(self, head: Head, redirects: list[Redirect]) -> None:
        """An answer has come."""

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """A chunk has come, and what it completed."""

    def close(self) -> None:
        """The stream is over."""


class SilentView(StreamView):
    """A view that shows nothing."""

    def head(self, head: Head, redirects: list[Redirect]) -> None:
        """Nothing is shown."""

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """Nothing is shown."""
