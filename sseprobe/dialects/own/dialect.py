"""Dialects of apps of their own, from what was given and learned of them."""

from typing import Final

from sseprobe.dialects.base import Dialect, EndRule, bearer
from sseprobe.dialects.own.decoder import OwnDecoder
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.dialects.traits import Wire
from sseprobe.sse.framing import Framing

MOCK_PATH: Final = "/app/chat"
"""Where the bundled mock speaks as such an app."""


def own_dialect(name: str, event_format: EventFormat, path: str = MOCK_PATH) -> Dialect:
    """The dialect of an app: what its format leaves open is learned from each stream."""
    done = event_format.given.done
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
        decoder=lambda: OwnDecoder(event_format).decode,
        framing=event_format.given.framing or Framing.SSE,
        parses_json=event_format.parses_json,
        separate_events=not event_format.flows,
        event_format=event_format,
    )
