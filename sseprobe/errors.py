"""Errors that are not bugs of sseprobe. Each message: what was seen, what was expected, what to try."""

from typing import Final

from sseprobe import exit_codes

ISSUES: Final = "https://github.com/sseprobe/sseprobe/issues"
"""Where to report bugs of sseprobe."""


class SseprobeError(Exception):
    """An error to show without a traceback; the command ends with `exit_code`."""

    exit_code = exit_codes.BUG


class UsageError(SseprobeError):
    """A usage error: on the command line, in a file it names, or in the arguments of a Python call."""

    exit_code = exit_codes.USAGE


class TargetError(SseprobeError):
    """The target could not be reached, or its answer is not a stream."""

    exit_code = exit_codes.NO_STREAM
