"""The specification word for word, careless of speed, memory and spans: what the parser must agree with."""

import re
from typing import NamedTuple


class Reading(NamedTuple):
    """What a body means. `events`: type, data, last event id."""

    events: list[tuple[str, str, str]]
    comments: list[str]
    ignored: list[tuple[str, str]]
    retries: list[int]
    last_event_id: str
    tail: str
    pending_data: str | None


def read(body: bytes, last_event_id: str = "") -> Reading:
    """WHATWG HTML 9.2.6, on the whole body at once."""
    # "Streams must be decoded using the UTF-8 decode algorithm", which "strips one leading UTF-8 byte order mark".
    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    # "Lines must be separated by either a CRLF pair, a single LF or a single CR."
    *lines, rest = re.split("\r\n|\n|\r", text)
    events, comments, ignored, retries = [], [], [], []
    data, event_type, id_buffer = "", "", last_event_id
    frame_lines: list[str] = []
    for line in lines:
        frame_lines.append(line)
        if line == "":
            last_event_id = id_buffer
            if data != "":
                events.append((event_type or "message", data.removesuffix("\n"), last_event_id))
            data, event_type, frame_lines = "", "", []
            continue
        name, value = _field(line)
        if line.startswith(":"):
            comments.append(line[1:])
        elif name == "data":
            data += value + "\n"
        elif name == "event":
            event_type = value
        elif name == "id" and "\0" not in value:
            id_buffer = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            digits = value.lstrip("0") or "0"  # Python refuses to read more than 4,300 of them
            retries.append(min(int(digits[:20]), 2**63 - 1))
        else:
            ignored.append((name, value))
    if rest and _field(rest)[0] == "data":
        data += _field(rest)[1] + "\n"
    return Reading(
        events, comments, ignored, retries, last_event_id, "\n".join([*frame_lines, rest]), data[:-1] if data else None
    )


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")
