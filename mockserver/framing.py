"""Framing: how whole events become bytes, and the faults that change nothing but that.

Writers make events in their plainest form: LF, one space, one data line. A `Framer` turns it into what was asked for.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from mockserver.responses import Frames, Framing, Silence, StreamForm
from mockserver.scenario import Fault

BOM: Final = b"\xef\xbb\xbf"
LAST: Final = "no-final-blank-line"
LINE_SEPARATORS: Final = "\u2028\u0085"
_FIELD_SPACE: Final = re.compile(rb"^(data|event|id|retry): (?! )", re.MULTILINE)
_MULTI_BYTE: Final = re.compile(rb"[\xc2-\xf4](?=[\x80-\xbf])")


def _events(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Applies a change to each event of a frame."""
    return lambda frame: b"".join(change(event + b"\n\n") for event in frame.split(b"\n\n")[:-1])


_SSE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "crlf": lambda frame: frame.replace(b"\n", b"\r\n"),
    "cr": lambda frame: frame.replace(b"\n", b"\r"),
    "no-space": lambda frame: _FIELD_SPACE.sub(rb"\1:", frame),
    "multi-data": lambda frame: frame.replace(b"data: {", b"data: {\ndata: "),
    "comments": _events(lambda event: b": a comment\n\n:and another\n" + event),
    "data-less-block": _events(lambda event: b"event: keep-alive\n\n" + event),
}
_LINES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "crlf": _SSE["crlf"],
    "cr": _SSE["cr"],
    "comments": lambda frame: b"\n" + frame,
    "data-less-block": lambda frame: b"\n" + frame,
    "id-keepalive": lambda frame: frame + b"\n",
}


class Framer:
    """Applies a framing fault to the frames of one stream, after as many text events as the fault says."""

    def __init__(self, form: StreamForm, fault: Fault | None) -> None:
        self._framing = form.framing
        self._newline = form.newline
        self._name = fault.name if fault else ""
        self._after = fault.after if fault else 0
        self._change = (_SSE if form.framing is Framing.SSE else _LINES).get(self._name)
        self._ids = 0
        self._bom_due = self._name == "bom"

    @property
    def changes_nothing(self) -> bool:
        """Whether frames are sent unchanged."""
        special = self._name in ("bom", "split-utf8", "id-keepalive", LAST)
        return self._newline == b"\n" and self._change is None and not special

    async def frame(self, frames: Frames) -> Frames:
        """The same frames with the fault. Where the last one is to change, one that may be the last is held back."""
        sent = 0
        held: tuple[bytes, int] | None = None
        try:
            async for frame in frames:
                if isinstance(frame, Silence):
                    yield frame
                    continue
                data, tokens = frame
                pieces = self._pieces(data) if sent >= self._after else [self._plain(data)]
                for piece in pieces[:-1]:
                    yield piece, 0
                sent += tokens
                last = pieces[-1], tokens
                if held is not None:
                    yield held
                    held = None
                # A token is never the last event. It goes at once, so that the usage behind it counts it as sent.
                if self._name == LAST and not tokens:
                    held = last
                else:
                    yield last
        finally:
            await frames.aclose()
        if held is not None:
            yield held[0][: -len(self._newline)], 0

    def _plain(self, frame: bytes) -> bytes:
        return frame if self._newline == b"\n" else frame.replace(b"\n", self._newline)

    def _pieces(self, frame: bytes) -> list[bytes]:
        if self._name in ("crlf", "cr"):
            assert self._change is not None
            return [self._change(frame)]
        if self._change is not None:
            frame = self._change(frame)
        elif self._name == "id-keepalive" and self._framing is Framing.SSE:
            frame = b"".join(self._with_id(event + b"\n\n") for event in frame.split(b"\n\n")[:-1])
        frame = self._plain(frame)
        if self._bom_due:
            self._bom_due = False
            frame = BOM + frame
        if self._name == "split-utf8":
            return list(_split_in_characters(frame))
        return [frame]

    def _with_id(self, event: bytes) -> bytes:
        self._ids += 1
        return b"id: %d\n%s: keep-alive\n\n" % (self._ids, event)


def _split_in_characters(frame: bytes) -> Iterable[bytes]:
    """The frame, cut after the first byte of each character that has more than one."""
    start = 0
    for match in _MULTI_BYTE.finditer(frame):
        yield frame[start : match.end()]
        start = match.end()
    yield frame[start:]
