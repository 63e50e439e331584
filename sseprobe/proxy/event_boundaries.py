"""Where events end in a body, for faults that act on whole events: LF, CRLF and CR, in pieces of any size."""

import re
from collections.abc import Iterator
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class EventBoundaries:
    """Finds the blank lines that end events, as the bytes pass; it keeps none of them.

    `at_boundary`: what passed last was the end of an event, or nothing has passed. A CR that ends a piece ends a line
    at once; an LF that follows belongs to it.
    """

    def __init__(self) -> None:
        self.at_boundary = True
        self._line_is_empty = True
        self._after_cr = False

    def pieces(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """The data cut behind each blank line, and whether an event ends with the piece."""
        start = here = 0
        if self._after_cr and data.startswith(b"\n"):
            here = 1  # of the line end before
        self._after_cr = data.endswith(b"\r") if data else self._after_cr
        for match in _LINE_END.finditer(data, here):
            if match.start() > here:
                self._line_is_empty = False
            if self._line_is_empty:
                yield data[start : match.end()], not self.at_boundary
                self.at_boundary, start = True, match.end()
            else:
                self.at_boundary = False
            self._line_is_empty, here = True, match.end()
        if here < len(data):
            self._line_is_empty = self.at_boundary = False
        if start < len(data):
            yield data[start:], False
