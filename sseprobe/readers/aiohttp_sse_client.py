"""`aiohttp-sse-client`: its `EventSource`, over aiohttp's own reader of a body."""

import asyncio
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import URL


class _Ended(Exception):  # noqa: N818  it says what happened
    """The body ended: it would connect again."""


def _ended() -> None:
    raise _Ended


class _Response:
    """What `EventSource` wants of an answer."""

    status = 200

    def __init__(self, content_type: str, body: Any) -> None:
        import yarl
        from aiohttp.helpers import parse_mimetype

        kind = parse_mimetype(content_type)
        self.content_type = f"{kind.type}/{kind.subtype}"
        self.headers = {"Content-Type": content_type}
        self.content = body
        self.real_url = yarl.URL(URL)

    def close(self) -> None:
        """Nothing is open."""


class _Session:
    """What `EventSource` wants of a session."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def request(self, *words: Any, **more: Any) -> _Response:
        """The body, fed chunk by chunk."""
        from aiohttp import StreamReader
        from aiohttp.base_protocol import BaseProtocol

        del words, more

        class Protocol(BaseProtocol):
            """A connection that needs no flow control."""

            connected = True

            def pause_reading(self, **_how: Any) -> None:
                """All that comes is here already."""

            resume_reading = pause_reading

        loop = asyncio.get_running_loop()
        body = StreamReader(Protocol(loop), 2**16, loop=loop)  # aiohttp's own default

        async def feed() -> None:
            for chunk in self._stream.chunks:
                if chunk:
                    body.feed_data(chunk)
                    await asyncio.sleep(0)
            body.feed_eof()

        self._feeding = asyncio.create_task(feed())
        return _Response(self._stream.content_type, body)


def read(stream: Stream) -> Iterator[Any]:
    """What iterating the event source yields."""
    from aiohttp_sse_client.client import EventSource

    async def opened() -> Any:
        session: Any = _Session(stream)
        source = EventSource(URL, session=session)
        await source.connect()
        source._on_error = _ended
        return source

    with asyncio.Runner() as runner:
        source = runner.run(opened())
        while True:
            try:
                event = runner.run(source.__anext__())
            except _Ended:
                return
            yield event.type or "message", event.data, event.last_event_id


READER = Reader("aiohttp-sse-client", "aiohttp-sse-client", OutputShape.EVENTS, CANARY, read)
