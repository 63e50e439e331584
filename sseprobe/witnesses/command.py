"""`command:SHELL`: a number that a command prints, such as a count from a database or a queue."""

import math
import os
import signal
import subprocess
from typing import Final

from sseprobe.errors import UsageError
from sseprobe.testimony import Reading
from sseprobe.text import one_line
from sseprobe.witnesses.base import Context, Witness, WitnessError

_LIMIT_S: Final = 5.0
_MAX_CHARS: Final = 4096


class Command(Witness):
    """Runs a command line in the shell, each time anew."""

    kind = "command"
    sure = False

    def __init__(self, line: str) -> None:
        self._line = line

    def sample(self) -> Reading:
        """Runs the command and reads its number."""
        shown = one_line(self._line, 120)
        process = subprocess.Popen(  # noqa: S602 - the user's own words
            self._line,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=os.name == "posix",
        )
        try:
            out, err = process.communicate(timeout=_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise WitnessError(f"{shown} was not done within {_LIMIT_S:g} s") from error
        finally:
            if process.returncode is None:
                _kill(process)
        said = one_line(out[:_MAX_CHARS].decode(errors="replace").strip(), 120)
        if process.returncode:
            why = one_line(err[:_MAX_CHARS].decode(errors="replace").strip(), 200)
            raise WitnessError(
                f"{shown} ended with exit code {process.returncode} ({why or said or 'it said nothing'})"
            )
        try:
            number = float(said)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise WitnessError(f"{shown} printed {said!r}, expected a number and nothing else")
        return Reading(work=number)


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
