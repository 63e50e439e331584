"""What is written while a stream runs: its text, its events, its bytes, or JSON lines. Nothing from it is trusted."""

import codecs
from typing import Final, TextIO

from msgspec.structs import replace

from sseprobe.dialects.base import MAX_ID_CHARS, Delta, DeltaKind, Dialect
from sseprobe.http_exchange import Chunk, Head, Redirect, Request
from sseprobe.redaction import Redactor, redact_headers, redact_url
from sseprobe.sse import Bom, Comment, Event, IgnoredField, InvalidUtf8, LimitExceeded, Retry
from sseprobe.streams.view import Received, SilentView, StreamView
from sseprobe.text import scalar, to_json, visible
from sseprobe.units import ms

_DIM: Final = "\x1b[2m"
_RED: Final = "\x1b[31m"
_PLAIN: Final = "\x1b[0m"


Place = tuple[DeltaKind, int, int | str | None]
"""What is being written: its kind, its choice, and the call or error it is."""

_MAX_CALLS: Final = 1024
_MAX_SHOWN: Final = 4096
_TEXTS: Final = frozenset({DeltaKind.TEXT, DeltaKind.REASONING, DeltaKind.REFUSAL})


def _behind(received: list[Received], chars: int) -> list[Received]:
    """What is left behind the first characters of the text."""
    left: list[Received] = []
    for each in received:
        deltas = []
        for delta in each.deltas:
            if delta.kind in _TEXTS:
                skipped = min(chars, len(delta.text))
                chars -= skipped
                deltas.append(replace(delta, text=delta.text[skipped:]))
            else:
                deltas.append(delta)
        left.append(Received(each.item, tuple(deltas), each.again))
    return left


class TextView(SilentView):
    """The text as it comes: reasoning dim, tool calls as name(arguments), several choices apart."""

    def __init__(self, out: TextIO, redact: Redactor, *, colour: bool) -> None:
        self._out = out
        self._redact = redact
        self._colour = colour
        self._held = ""  # what may be the beginning of a credential
        self._style = ""
        self._place: Place | None = None
        self._calls: dict[Place, str] = {}
        self._error, self._errors = "", 0
        self._at_line_start = True
        self._event_ended = False
        self._shown = ""  # the beginning of the text
        self._chars_shown = 0

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """Writes what the chunk added, and flushes once."""
        del chunk
        for each in self._not_shown(received):
            # Where events are messages of their own, the next begins a line. Whether they are is known only then.
            if self._event_ended and dialect.separate_events and each.deltas:
                self._write("\n")
            self._event_ended = self._event_ended and not each.deltas
            for delta in each.deltas:
                self._write_delta(delta)
                self._event_ended = True
        if received:
            self._out.flush()

    def _not_shown(self, received: list[Received]) -> list[Received]:
        """What to show: of what is read again only what was not shown before. If that read otherwise, all of it."""
        again = "".join(delta.text for each in received if each.again for delta in each.deltas if delta.kind in _TEXTS)
        if again and self._shown and again.startswith(self._shown) and len(again) >= self._chars_shown:
            received = _behind(received, self._chars_shown)
        elif again and self._shown:
            self._write("\n")
            self._event_ended = False
        for each in received:
            text = "".join(delta.text for delta in each.deltas if delta.kind in _TEXTS)
            self._chars_shown += len(text)
            if len(self._shown) < _MAX_SHOWN:
                self._shown += text
        return received

    def close(self) -> None:
        try:
            self._write(")" if self._place is not None and self._place[0] is DeltaKind.TOOL_CALL else "")
            self._release()
            self._set_style("")
            if not self._at_line_start:
                self._out.write("\n")
            self._out.flush()
        except OSError:
            pass  # nobody reads it any more

    def _write_delta(self, delta: Delta) -> None:
        if delta.kind is DeltaKind.ERROR:
            kinds = ", ".join(dict.fromkeys(each for each in (delta.type, delta.code) if each))
            line = f"error [{kinds}]: {delta.text}" if kinds else f"error: {delta.text}"
            if line != self._error:  # some vendors send it twice
                self._error, self._errors = line, self._errors + 1
                self._move((delta.kind, delta.choice, self._errors), _RED)
                self._write(line)
        elif delta.kind is DeltaKind.CITATION:
            self._move((delta.kind, delta.choice, None), _DIM)
            self._write(f"[{delta.text}]")
        elif delta.kind in (DeltaKind.TEXT, DeltaKind.REFUSAL, DeltaKind.REASONING) and delta.text:
            self._move((delta.kind, delta.choice, None), _DIM if delta.kind is DeltaKind.REASONING else "")
            self._write(delta.text)
        elif delta.kind is DeltaKind.RESET:
            self._move((delta.kind, 0, None), _DIM)
            self._write("[the step restarts: its text so far is discarded]")
        elif delta.kind is DeltaKind.TOOL_CALL and (delta.text or delta.name):
            self._write_call((delta.kind, delta.choice, delta.call), delta)

    def _write_call(self, place: Place, delta: Delta) -> None:
        """name(arguments), growing; a call that goes on after another is named again."""
        goes_on = place == self._place and not (delta.name and place not in self._calls)
        if delta.name and len(self._calls) < _MAX_CALLS:
            self._calls.setdefault(place, delta.name[:MAX_ID_CHARS])
        self._move(place, "")
        self._write(delta.text if goes_on else f"{self._calls.get(place, delta.name or '?')}({delta.text}")

    def _move(self, place: Place, style: str) -> None:
        """Begins a line wherever another choice, call or kind goes on; a call's parenthesis is closed behind it."""
        if self._place is not None and place != self._place:
            self._release()
            self._write(")" if self._place[0] is DeltaKind.TOOL_CALL else "")
            self._release()
            if not self._at_line_start:
                self._out.write("\n")
                self._at_line_start = True
        self._set_style(style)
        if place != self._place and (place[1] or (self._place and self._place[1])):
            self._write(f"[choice {place[1]}] ")
        self._place = place

    def _write(self, text: str) -> None:
        text = self._held + text
        held = self._redact.held_back(text)
        self._held = text[len(text) - held :]
        self._put(text[: len(text) - held])

    def _release(self) -> None:
        self._put(self._held)
        self._held = ""

    def _put(self, text: str) -> None:
        if text:
            self._out.write(visible(self._redact(text)))
            self._at_line_start = text.endswith("\n")

    def _set_style(self, style: str) -> None:
        if self._colour and style != self._style:
            self._release()
            self._out.write(_PLAIN + style)
            self._style = style


class EventsView(SilentView):
    """A line per item: when it came, what it is, what it holds."""

    def __init__(self, out: TextIO, redact: Redactor) -> None:
        self._out = out
        self._redact = redact

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """Writes a line for each item."""
        del dialect
        for each in received:
            if each.again:
                continue
            label, value = _describe(each)
            shown = visible(self._redact(value)).replace("\n", "↵")
            self._out.write(f"{ms(chunk.read.t_ns):>10.2f} ms  {visible(label):<12}  {shown}\n")
        if received:
            self._out.flush()


def _describe(received: Received) -> tuple[str, str]:
    item = received.item
    match item:
        case Event():
            return item.type.replace("\n", "↵"), item.data
        case Comment():
            return ":", item.text
        case Retry():
            return "retry", f"{item.ms} ms"
        case IgnoredField():
            return "ignored", f"{item.name}: {item.value} ({item.reason})"
        case InvalidUtf8():
            return "invalid", f"not UTF-8 at byte {item.start}: {item.raw.hex(' ')}"
        case LimitExceeded():
            return "too large", f"a {item.kind} of more than {item.limit_bytes} bytes"
        case Bom():
            return "BOM", ""
        case _:
            return type(item).__name__, ""


class JsonView(SilentView):
    """One JSON object per line and event."""

    def __init__(self, out: TextIO, redact: Redactor) -> None:
        self._out = out
        self._redact = redact
        self._count = 0

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """Writes a line for each event."""
        for item, deltas in ((each.item, each.deltas) for each in received if not each.again):
            if isinstance(item, Event):
                line = {
                    "event": self._count,
                    "t_ms": ms(chunk.read.t_ns),
                    "type": item.type,
                    "data": item.data,
                    "last_event_id": item.last_event_id,
                    "span": item.span,
                    "read": chunk.read.index,
                    "dialect": dialect.name,
                    "deltas": deltas,
                }
                self._count += 1
                self._out.write(self._redact(to_json(line)) + "\n")
        self._out.flush()


class RawView(SilentView):
    """The body's bytes as they are to a pipe; made visible on a terminal."""

    def __init__(self, out: TextIO, redact: Redactor, *, as_is: bool) -> None:
        self._out = out
        self._redact = redact
        self._as_is = as_is
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        del received, dialect
        data = self._redact.raw(chunk.data)
        if self._as_is:
            self._out.buffer.write(data)
            self._out.buffer.flush()
        else:
            self._out.write(visible(scalar(self._decoder.decode(data))))
            self._out.flush()


class VerboseView:
    """Another view, with the request and the head of the answer before it."""

    def __init__(self, view: StreamView, out: TextIO, redact: Redactor, request: Request) -> None:
        self._view = view
        self._out = out
        self._redact = redact
        lines = [f"{request.method} {redact_url(request.url)}"]
        lines += [f"{name}: {value}" for name, value in redact_headers(request.headers)]
        if request.body is not None:
            lines += ["", request.body.decode(errors="replace")]
        self._write("> ", lines)

    def head(self, head: Head, redirects: list[Redirect]) -> None:
        """Writes redirects, status and headers."""
        hops = [f"{redirect.status} to {redact_url(redirect.location)}" for redirect in redirects]
        answer = [f"{head.status} {head.reason} (HTTP/{head.http_version})"]
        answer += [f"{name}: {value}" for name, value in redact_headers(head.headers)]
        self._write("< ", hops + answer)
        self._view.head(head, redirects)

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        self._view.received(chunk, received, dialect)

    def close(self) -> None:
        self._view.close()

    def _write(self, mark: str, lines: list[str]) -> None:
        for line in lines:
            self._out.write(f"{mark}{visible(self._redact(line))}\n")
        self._out.flush()
