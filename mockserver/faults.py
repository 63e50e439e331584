"""Faults: what each is called, and after how many text events it comes if nothing is said.

To add one that ASGI can express: a line here and, if it changes a stream, its step in `stream.py`.
"""

from typing import Final

MID_STREAM: Final = 5

FAULTS: Final = {
    "error": MID_STREAM,  # the vendor's in-band error, then the end that vendor makes
    "error-before": 0,  # a proper HTTP status and JSON body before the stream
    "rate-limit": 0,  # 429 with Retry-After
    "truncate": MID_STREAM,  # a clean end of the body, without finish and terminator
    "no-terminator": 0,  # everything but the terminator
    "cut": MID_STREAM,  # the connection closes without HTTP's last chunk
    "stall": MID_STREAM,  # nothing more, heartbeats included; the connection stays open
    "malformed": MID_STREAM,  # one event of broken JSON, then on as usual
    "fake-complete": MID_STREAM,  # the terminator, though nothing has finished
}
