"""`sseprobe report`: a saved JSON report, rendered again."""

from typing import Annotated

import typer

from sseprobe.cli import options as o


def report(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What --report json wrote.")],
    report: o.Reports = None,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> None:
    """Render a saved JSON report in another format; the terminal's on standard output, if none is named.

    \b
      sseprobe check URL --report json:check.json
      sseprobe report check.json
      sseprobe report check.json --report html:check.html --report junit:check.xml

    Exit codes: 0 rendered, whatever the verdict in it; 2 usage error, or a file that holds no report.
    """
    from sseprobe.cli.output import parse_reports, render_saved
    from sseprobe.probes.files import read_file
    from sseprobe.report import load_report

    outputs = parse_reports(report)
    render_saved(load_report(read_file(file, "report"), file), outputs, no_color=no_color, verbose=verbose)
