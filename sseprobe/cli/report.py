"""`sseprobe report`: renders a saved JSON report again."""

from typing import Annotated

import typer

from sseprobe.cli import shared_options as o


def report(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A report that --report json wrote.")],
    report: o.Reports = None,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> None:
    """Render a saved JSON report again; without --report, as text on standard output.

    \b
      sseprobe check URL --report json:check.json
      sseprobe report check.json
      sseprobe report check.json --report html:check.html --report junit:check.xml

    Exit codes: 0 rendered, whatever its verdict; 2 usage error, or a file that is not a report.
    """
    from sseprobe.cli.output import parse_reports, render_saved
    from sseprobe.probes.files import read_file
    from sseprobe.report import load_report

    outputs = parse_reports(report)
    render_saved(load_report(read_file(file, "report"), file), outputs, no_color=no_color, verbose=verbose)
