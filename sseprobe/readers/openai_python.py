"""`openai`: `Stream`, behind a real client."""

from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.readers.base import CHAT_CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import URL, transport


def read(stream: Stream) -> Iterator[Any]:
    """The payloads that `Stream` yields, before they become models: models take any payload."""
    import httpx2
    import openai

    web = httpx2.Client(transport=transport(httpx2, stream))
    client = openai.OpenAI(api_key="none", base_url=URL, http_client=web, max_retries=0)
    yield from client.post("/chat", cast_to=object, body={}, stream=True, stream_cls=openai.Stream[object])


DIALECTS: Final = Scope(
    (Wire.OPENAI_CHUNKS, Wire.OPENAI_COMPLETIONS, Wire.OPENAI_RESPONSES), lacking=(Trait.CONTENT_PARTS,)
)
READER = Reader("openai", "openai", OutputShape.PAYLOADS, CHAT_CANARY, read, dialects=DIALECTS)
