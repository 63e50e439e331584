"""`queue`: whether a slot is free again, shown by a second request. Indirect, and only where one is served at a time.

While the slot is taken, a second request waits for its first token; it leaves as soon as that has come.
"""

import asyncio
import contextlib
import time
from typing import Final

import msgspec

from sseprobe.dialects.base import CONTENT_KINDS
from sseprobe.errors import SseprobeError
from sseprobe.stop_detection.answers import Strength
from sseprobe.stop_detection.samples import Reading
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.text import one_line
from sseprobe.units import NS_PER_S
from sseprobe.witnesses.base import Context, Spec, Witness, WitnessError

_TIMES: Final = 2
_ADDED_S: Final = 0.2
_IDLE_LIMIT_S: Final = 30.0

SPEC: Final = Spec(
    "queue",
    "queue",
    "how soon a second request gets its first token, on a server that works on one request at a time",
    "a gauge of busy slots",
    Strength.INDIRECT,
)


class Queue(Witness):
    """Requests a first token: the slot is taken if that does not come about as soon as on an idle server."""

    spec = SPEC
    interval_s = 0.3
    leaves_too = True

    def __init__(self, context: Context) -> None:
        self._context = context
        self._idle_s: float | None = None

    def sample(self) -> Reading:
        """Sends one request; the first one shows how soon an idle server answers."""
        limit_s = _IDLE_LIMIT_S if self._idle_s is None else _TIMES * self._idle_s + _ADDED_S
        begun_ns = time.monotonic_ns()
        try:
            came = asyncio.run(self._first_token(limit_s))
        except SseprobeError as error:
            raise WitnessError(f"a second request failed: {one_line(str(error), 200)}") from error
        if self._idle_s is None:
            if not came:
                raise WitnessError(f"an idle server sent no token within {limit_s:g} s")
            self._idle_s = (time.monotonic_ns() - begun_ns) / NS_PER_S
        return Reading(running=0 if came else 1)

    @property
    def hint(self) -> str:
        return "It needs a server that works on one request at a time; abort later, for instance --at after-ms:2000"

    async def _first_token(self, limit_s: float) -> bool:
        from sseprobe.net.open_stream import OpenStream

        context = self._context
        # The limit is ours, here: it is an answer, not a failure.
        options = msgspec.structs.replace(context.options, timeout_s=2 * limit_s, idle_timeout_s=2 * limit_s)
        decoder = StreamDecoder(context.dialect)
        try:
            async with asyncio.timeout(limit_s), OpenStream(context.request, options) as stream:
                if stream.head.status != 200:
                    raise WitnessError(f"a second request was answered with status {stream.head.status}")
                async with contextlib.aclosing(stream.chunks()) as chunks:
                    async for chunk in chunks:
                        for received in decoder.receive(chunk):
                            if any(delta.kind in CONTENT_KINDS and delta.text for delta in received.deltas):
                                return True
        except TimeoutError:
            return False
        return False


def make(words: str, context: Context) -> Witness:
    del words
    return Queue(context)
