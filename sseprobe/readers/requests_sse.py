"""`requests-sse`: its `EventSource`, over requests' own reading of a chunked body."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import URL


class _Ended(Exception):  # noqa: N818  it says what happened
    """The body ended: it would connect again."""


def _ended() -> None:
    raise _Ended


class _Raw:
    """A chunked body, as urllib3 hands it to requests: each transfer chunk by itself, at most `amount` bytes of it."""

    def __init__(self, stream: Stream) -> None:
        self._chunks = stream.chunks

    def stream(self, amount: int, decode_content: bool = True) -> Iterator[bytes]:
        del decode_content
        for chunk in self._chunks:
            for start in range(0, len(chunk), amount):
                yield chunk[start : start + amount]

    def close(self) -> None:
        """Nothing is open."""

    release_conn = close


def read(stream: Stream) -> Iterator[Any]:
    """What iterating the event source yields."""
    import requests
    from requests.adapters import BaseAdapter
    from requests_sse import EventSource

    class Adapter(BaseAdapter):
        def send(self, request: Any, *words: Any, **more: Any) -> Any:
            del words, more
            answer = requests.Response()
            answer.status_code = 200
            answer.headers["Content-Type"] = stream.content_type
            answer.raw = _Raw(stream)
            answer.url, answer.request = request.url, request
            return answer

        def close(self) -> None:
            """Nothing is open."""

    session = requests.Session()
    session.trust_env = False
    session.mount("http://", Adapter())
    source = EventSource(URL, session=session, on_error=_ended)
    source.connect()
    while True:
        try:
            event = next(source)
        except _Ended:
            return
        yield event.type or "message", event.data, event.last_event_id


READER = Reader("requests-sse", "requests-sse", OutputShape.EVENTS, CANARY, read)
