"""`python -m benchmarks`: everything, as one table with ratios. Let nothing else run meanwhile; it takes some minutes.

`--markdown FILE` also writes it for the docs.
"""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import abort, check, decoding, parser, proxying, serving


def _parser_figures() -> list[serving.Figure]:
    rows = parser.measure()
    figures = []
    for row in rows:
        ours = next(each for each in rows if each.shape == row.shape and each.contestant == "sseprobe")
        yardstick = next(each for each in rows if each.shape == row.shape and each.contestant == parser.YARDSTICK)
        ratio = f"x{yardstick.ns_per_event / row.ns_per_event:.2f} httpx-sse's events/s"
        target = ""
        if row is ours and row.shape == rows[0].shape:
            target = "x1.5 at least, aim x2"
        elif row is ours:
            target = "x1 at least"
        figures.append(
            serving.Figure(f"parser, {row.shape}: {row.contestant}", f"{row.ns_per_event:,.0f} ns/event", ratio, target)
        )
    return figures


def _decoding_figures() -> list[serving.Figure]:
    return [
        serving.Figure(
            f"decoding a delta, {row.dialect}",
            f"{row.ours_ns:,.0f} ns/event",
            f"{row.sdk} {row.theirs_ns:,.0f} ns: 1/{row.theirs_ns / row.ours_ns:.1f}",
            "less, aim 1/5",
        )
        for row in decoding.measure()
    ]


def main() -> None:
    """Measures, prints, and writes."""
    words = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures everything; takes some minutes.")
    words.add_argument("--markdown", metavar="FILE", type=Path, help="write the table there, too")
    page: Path | None = words.parse_args().markdown
    figures: list[serving.Figure] = []
    # The parser's comparison comes last: a large process hands its peak memory on to the ones it starts.
    for measure in (
        serving.start_up,
        serving.ttft_beside_curl,
        serving.memory,
        serving.mock_under_load,
        abort.measure,
        check.measure,
        proxying.measure,
        _parser_figures,
        _decoding_figures,
    ):
        figures += measure()
    packages = ("httpx-sse", "httpx2", "openai", "sseclient-py", "uvicorn", "uvloop", "fastapi", "starlette")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    where = (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    )
    table = Table("figure", "value", "beside", "target", title=where, caption=versions)
    for figure in figures:
        table.add_row(*figure)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if page is not None:
        lines = [
            "# Benchmarks",
            "",
            f"Made by `python -m benchmarks --markdown docs/benchmarks.md`: {where}.",
            f"{versions}.",
            "",
        ]
        lines += ["| figure | value | beside | target |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(figure)} |" for figure in figures]
        page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
