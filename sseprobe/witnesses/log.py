"""`log:FILE:REGEX`: how many lines that match were appended to a log, since the witness was opened."""

import re
from pathlib import Path
from typing import BinaryIO, Final

from sseprobe.errors import UsageError
from sseprobe.stop_detection.samples import Reading
from sseprobe.text import one_line
from sseprobe.witnesses.base import Context, Spec, Witness, WitnessError

_MAX_READ: Final = 16 * 1024 * 1024
_MAX_LINE: Final = 64 * 1024

SPEC: Final = Spec(
    "log",
    "log:FILE:REGEX",
    "matching lines appended to a log",
    "a counter",
)


class Log(Witness):
    """Follows a file, also when it is rotated or truncated."""

    spec = SPEC
    interval_s = 0.02

    def __init__(self, path: Path, pattern: "re.Pattern[bytes]") -> None:
        self._path = path
        self._pattern = pattern
        self._file: BinaryIO | None = None
        self._identity = (0, 0)
        self._rest = b""
        self._lines = 0

    def sample(self) -> Reading:
        """Counts the lines that have come since."""
        try:
            status = self._path.stat()
            file, identity = self._file, (status.st_dev, status.st_ino)
            if file is None:
                file = self._follow(identity)
                file.seek(0, 2)  # only what comes from now on
            elif identity != self._identity:
                self._take(file.read(_MAX_READ))
                file = self._follow(identity)
            elif status.st_size < file.tell():
                file.seek(0)
            self._take(file.read(_MAX_READ))
        except OSError as error:
            raise WitnessError(f"{self._path} cannot be read ({error.strerror})") from error
        return Reading(work=float(self._lines))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _follow(self, identity: tuple[int, int]) -> BinaryIO:
        self.close()
        self._file = file = self._path.open("rb")
        self._identity, self._rest = identity, b""
        return file

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_MAX_LINE:]
        self._lines += sum(self._pattern.search(line[:_MAX_LINE]) is not None for line in lines)


def make(words: str, context: Context) -> Witness:
    """From `log:FILE:REGEX`; the first colon that follows the path of a file divides them. Raises UsageError."""
    del context
    colons = [place for place, character in enumerate(words) if character == ":"]
    if not colons or not words[: colons[0]] or not words[colons[0] + 1 :]:
        raise UsageError(f"--witness log:{one_line(words, 120)}: invalid. Expected log:FILE:REGEX.")
    place = next((place for place in colons if Path(words[:place]).is_file()), colons[0])
    path, expression = words[:place], words[place + 1 :]
    try:
        pattern = re.compile(expression.encode(errors="surrogateescape"))
    except re.error as error:
        raise UsageError(
            f"--witness log:{one_line(path, 120)}:{one_line(expression, 120)}: the regular expression does not compile "
            f"({error}). Expected Python's syntax."
        ) from error
    return Log(Path(path), pattern)
