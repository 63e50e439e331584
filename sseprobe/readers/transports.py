"""Bodies for clients built on httpx, and on its fork httpx2: the chunks as they came, and no network. In children only.

`library`: the module `httpx` or `httpx2`.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from sseprobe.readers.base import NetworkAttempt, Stream

URL = "http://reader.invalid/"


def response(library: Any, stream: Stream, request: Any = None) -> Any:
    """An answer with this body, to be read in either world."""

    class Body(library.SyncByteStream, library.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from stream.chunks

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in stream.chunks:
                yield chunk

    headers = [(b"content-type", stream.content_type.encode("latin-1"))]
    return library.Response(200, headers=headers, stream=Body(), request=request or library.Request("POST", URL))


def transport(library: Any, stream: Stream) -> Any:
    """A transport that answers the first request with this body, and no other."""
    answered: list[Any] = []

    def answer(request: Any) -> Any:
        if answered:
            raise NetworkAttempt("a second request")
        answered.append(request)
        return response(library, stream, request)

    return library.MockTransport(answer)


def client(library: Any, stream: Stream) -> Any:
    """A client whose first request is answered with this body."""
    return library.Client(transport=transport(library, stream), base_url=URL)
