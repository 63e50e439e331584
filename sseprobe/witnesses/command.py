"""`command:SHELL`: a number that a command prints, such as a count from a database or a queue."""

import math
import os
import signal
import subprocess
from typing import Final

from sseprobe.errors import UsageError
from sseprobe.stop_detection.samples import Reading
from sseprobe.text import one_line
from sseprobe.witnesses.base import Context, Spec, Witness, WitnessError

_LIMIT_S: Final = 5.0
_MAX_CHARS: Final = 4096

SPEC: Final = Spec(
    "command",
    "command:SHELL",
    "the number that a command prints",
    "a counter or a gauge",
)


class Command(Witness):
    """Runs a command line in the shell, each time anew. The line is never shown: it may hold credentials."""

    spec = SPEC
    sure = False

    def __init__(self, line: str) -> None:
        self._line = line

    def sample(self) -> Reading:
        """Runs the command and reads its number."""
        try:
            process = subprocess.Popen(  # noqa: S602 - the user's own words
                self._line,
                shell=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            raise WitnessError(f"the command could not be started ({error.strerror})") from error
        try:
            out, err = process.communicate(timeout=_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise WitnessError(f"the command did not finish within {_LIMIT_S:g} s") from error
        finally:
            if process.returncode is None:
                _kill(process)
        printed = self._shown(out, 120)
        if process.returncode:
            why = self._shown(err, 200) or printed or "no output"
            raise WitnessError(f"the command ended with exit code {process.returncode} ({why})")
        try:
            number = float(printed)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise WitnessError(f"the command printed {printed!r}, expected a number and nothing else")
        return Reading(work=number)

    def _shown(self, output: bytes, limit: int) -> str:
        """What it printed, without the line itself, which some shells repeat."""
        text = output[:_MAX_CHARS].decode(errors="replace").replace(self._line, "…")
        return one_line(text.strip(), limit)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends the shell and what it started."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


def make(words: str, context: Context) -> Witness:
    """From `command:SHELL`. Raises UsageError."""
    del context
    if not words.strip():
        raise UsageError("--witness command: no command. Expected command:SHELL, a command line that prints a number.")
    return Command(words)
