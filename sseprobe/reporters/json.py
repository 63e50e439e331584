"""`json`: the report as it is, for other programs. Control characters are escaped, DEL, C1 and bidi included."""

from sseprobe.report import Report
from sseprobe.text import to_json


def render(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """The report as an indented JSON document."""
    del width, colour, verbose
    return to_json(report, indent=2) + "\n"
