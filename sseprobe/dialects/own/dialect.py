"""Dialects of apps of their own, from what was said of them."""

from typing import Final

from sseprobe.dialects.base import Dialect, EndRule, bearer
from sseprobe.dialects.own.decoder import Decoder
from sseprobe.dialects.own.reading import Reading
from sseprobe.dialects.traits import Wire
from sseprobe.sse.framing import Framing

MOCK_PATH: Final = "/app/chat"
"""Where the bundled mock speaks as such an app."""


def own_dialect(name: str, reading: Reading, path: str = MOCK_PATH) -> Dialect:
    """The dialect of an app: what its reading leaves open is learned from each stream."""
    done = reading.given.done
    return Dialect(
        name=name,
        wire=Wire.OWN,
        path=path,
        paths=(),
        end_rule=EndRule.MARK if done else EndRule.BODY,
        terminator=" or ".join(mark.words for mark in done) or None,
        request=None,
        key_header=bearer,
        recognises=lambda _event, _value: False,
        decoder=lambda: Decoder(reading).decode,
        framing=reading.given.framing or Framing.SSE,
        parses_json=reading.parses_json,
        separate_events=not reading.flows,
        reading=reading,
    )
