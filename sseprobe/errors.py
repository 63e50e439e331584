"""What can go wrong that is not a bug of ours. Each message says what was seen, what was expected, what to try."""

from typing import Final

from sseprobe import exit_codes

ISSUES: Final = "https://github.com/sseprobe/sseprobe/issues"
"""Where faults of ours are to be reported."""


class SseprobeError(Exception):
    """An error to be shown as it is, without a traceback; `exit_code` is what the command ends with."""

    exit_code = exit_codes.BUG


class UsageError(SseprobeError):
    """The words on the command line, or in a file it names, are wrong."""

    exit_code = exit_codes.USAGE


class TargetError(SseprobeError):
    """The target could not be reached, or answered with no stream at all."""

    exit_code = exit_codes.NO_STREAM
