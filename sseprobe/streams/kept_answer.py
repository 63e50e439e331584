"""What a stream has answered so far, as far as it is kept for reports: text, tool calls, citations. No I/O."""

from io import StringIO
from typing import Final

from sseprobe.dialects.base import Delta, DeltaKind

MAX_TEXT_CHARS: Final = 4 * 1024 * 1024
"""How much text is kept for reports. The live view shows all of it."""

MAX_NAME_CHARS: Final = 200
"""Of a finish reason, a tool or a type of event."""

_MAX_LISTED: Final = 1024


class ToolCall:
    """One tool call, as far as it has come."""

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.name = ""
        self.arguments = StringIO()


class KeptAnswer:
    """The first choice's text, reasoning and refusal, and tool calls and citations of all: `MAX_TEXT_CHARS` at most."""

    def __init__(self) -> None:
        self.is_cut = False
        self.tool_calls: dict[tuple[int, int | str | None], ToolCall] = {}
        self.citations: list[str] = []
        self._texts = {DeltaKind.TEXT: StringIO(), DeltaKind.REASONING: StringIO(), DeltaKind.REFUSAL: StringIO()}
        self._chars = 0
        self._step: tuple[dict[DeltaKind, int], int] = ({}, 0)
        """Where the step began: in what is kept of each kind, and among the tool calls."""

    def text_of(self, kind: DeltaKind) -> str:
        """The text, reasoning or refusal."""
        return self._texts[kind].getvalue()

    def add_text(self, delta: Delta) -> None:
        """Takes a delta of text, reasoning or refusal."""
        if delta.choice == 0 and self._has_room(delta.text):
            self._texts[delta.kind].write(delta.text)

    def add_citation(self, delta: Delta) -> None:
        if len(self.citations) < _MAX_LISTED and self._has_room(delta.text):
            self.citations.append(delta.text)

    def add_tool_call(self, delta: Delta) -> None:
        """Takes a piece of a tool call."""
        key = (delta.choice, delta.call)
        call = self.tool_calls.get(key)
        if call is None:
            if len(self.tool_calls) == _MAX_LISTED:
                return
            call = self.tool_calls[key] = ToolCall(delta.choice)
        call.name = call.name or (delta.name or "")[:MAX_NAME_CHARS]
        if self._has_room(delta.text):
            call.arguments.write(delta.text)

    def begin_step(self) -> None:
        """What comes from here on may be taken back."""
        self._step = {kind: kept.tell() for kind, kept in self._texts.items()}, len(self.tool_calls)

    def reset_step(self) -> None:
        """Takes back what the step added: no client shows it any more."""
        ends, calls = self._step
        for kind, kept in self._texts.items():
            kept.seek(ends.get(kind, 0))
            kept.truncate()
        for key in list(self.tool_calls)[calls:]:
            del self.tool_calls[key]

    def _has_room(self, text: str) -> bool:
        """Whether this may still be kept; once it may not, nothing more is."""
        if not self.is_cut:
            self._chars += len(text)
            self.is_cut = self._chars > MAX_TEXT_CHARS
        return not self.is_cut
