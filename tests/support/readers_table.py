"""What each reader makes of each peculiarity: for docs/readers.md, and for a test. Python's readers in one process."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sseprobe import dialects
from sseprobe.readers import all_readers
from sseprobe.readers.base import OutputShape, Reader, Stream, encode_stream
from sseprobe.readers.installed import environment, installed_version, prepare
from sseprobe.readers.process import Limits, ReaderProcess, ReaderResult
from sseprobe.readers.run import differences
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing, new_parser
from tests.support.mock import Mock
from tests.support.peculiar import PECULIARITIES, TEXT, Named, Peculiarity

ROOT = Path(__file__).parents[2]
GENERAL = "anthropic"
"""The dialect that parsers of all streams are shown: it names its events."""
WORDS = {
    "lost": "loses", "doubled": "doubles", "invented": "invents", "changed": "changes", "merged": "merges",
    "raised": "raises",
}  # fmt: skip

Findings = dict[str, dict[str, list[str]]]
"""Peculiarity -> reader -> kinds of difference, in alphabetical order; no entry where there is no such stream."""


def not_installed() -> list[str]:
    """The packages that are not installed."""
    return sorted({each.package for each in all_readers() if installed_version(each) is None})


def versions() -> str:
    """What was run, as one line."""
    named = (f"{each.name} {installed_version(each)}" for each in all_readers())
    return f"Python {'.'.join(platform.python_version_tuple()[:2])}; {', '.join(named)}"


def findings(url: str) -> Findings:
    """Everything, found by a process of its own."""
    words = [sys.executable, "-m", "tests.support.readers_table", url]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    found: Findings = json.loads(done.stdout)
    return found


def table(found: Findings) -> str:
    """As Markdown."""
    shown = [name for name in (each.name for each in all_readers()) if any(name in row for row in found.values())]
    lines = [f"| | {' | '.join(shown)} |", "|---" * (len(shown) + 1) + "|"]
    for peculiarity, row in found.items():
        lines.append(f"| {peculiarity} | {' | '.join(_cell(row.get(name)) for name in shown)} |")
    return "\n".join(lines)


def _cell(kinds: list[str] | None) -> str:
    if kinds is None:
        return "–"
    return ", ".join(WORDS.get(kind, kind) for kind in kinds) or "✓"


def _find(url: str) -> Findings:
    readers = [each for each in all_readers() if installed_version(each) is not None]
    streams = {name: _events(url, name) for name in {GENERAL, *map(_dialect, readers)}}
    cells = [(of, reader) for of in PECULIARITIES for reader in readers if _stream(of, reader, streams) is not None]
    apart = [cell for cell in cells if cell[1].read is None]
    found: Findings = {of.name: {} for of in PECULIARITIES}
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # those under node are processes anyway
        waiting = [(cell, pool.submit(_kinds, *cell, streams)) for cell in apart]
        for of, reader in cells:
            if reader.read is not None:
                found[of.name][reader.name] = _kinds(of, reader, streams)
        for (of, reader), kinds in waiting:
            found[of.name][reader.name] = kinds.result()
    return found


def _dialect(reader: Reader) -> str:
    return dialects.names_in(reader.dialects)[0] if reader.dialects else GENERAL


def _stream(of: Peculiarity, reader: Reader, streams: dict[str, Named]) -> Stream | None:
    dialect = _dialect(reader)
    return of.stream(streams[dialect], dialects.by_name(dialect).framing)


def _events(url: str, dialect: str) -> Named:
    of = dialects.by_name(dialect)
    assert of.request is not None
    asked = of.request(url + of.path, "hi there", None)
    headers = {name.replace("-", "_"): value for name, value in asked.headers}
    body = Mock(url, "").ask(asked.url.removeprefix(url), asked.body, **headers, X_Mock=f"text={TEXT},itl_ms=1")[2]
    return [(event.type, event.data) for event in _parsed([body], of.framing)]


def _parsed(chunks: list[bytes], framing: Framing) -> list[Event]:
    parser = new_parser(framing)
    items = [item for chunk in chunks for item in parser.receive(chunk)]
    return [item for item in (*items, *parser.receive_eof()) if isinstance(item, Event)]


def _kinds(of: Peculiarity, reader: Reader, streams: dict[str, Named]) -> list[str]:
    stream, dialect = _stream(of, reader, streams), dialects.by_name(_dialect(reader))
    assert stream is not None
    reading = _read_here(reader, stream) if reader.read else _read_elsewhere(reader, stream)
    if reading.unfit is not None:
        return [f"not run: {reading.unfit}"]
    events = _parsed(stream.chunks, dialect.framing)
    found = differences(reader, reading, events, dialect, ended_in_error=False)
    return sorted({each.kind.value for each in found})


def _read_here(reader: Reader, stream: Stream) -> ReaderResult:
    assert reader.read is not None
    reading = ReaderResult()
    try:
        for item in reader.read(stream):
            reading.items.append(_through_json(reader.shape, item))
    except Exception as error:
        reading.error = (type(error).__name__, str(error))
    return reading


def _through_json(shape: OutputShape, item: Any) -> Any:
    return item if shape is OutputShape.PAYLOADS else json.loads(json.dumps(item))


def _read_elsewhere(reader: Reader, stream: Stream) -> ReaderResult:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "stream").write_bytes(b"".join(encode_stream(stream)))
        process = ReaderProcess(prepare(reader, home), environment(home), home)
        return process.run(home / "stream", sum(map(len, stream.chunks)), Limits())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(_find(sys.argv[1])))
