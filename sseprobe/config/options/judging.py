"""The judging options: which rules are asked, and which findings count."""

from typing import Annotated

from msgspec import Struct

from sseprobe.config.options.option import Option
from sseprobe.errors import UsageError


class JudgingOptions(Struct, frozen=True, kw_only=True):
    """Which rules judge, and from which severity on a finding fails."""

    select: Annotated[
        list[str],
        Option("Only these rules: ids or prefixes of ids, separated by commas; repeatable.", metavar="IDS"),
    ] = []
    ignore: Annotated[list[str], Option("Leave out these rules; same syntax as --select.", metavar="IDS")] = []
    fail_on: Annotated[
        str,
        Option(
            "Lowest severity that fails the run: error, warning or info.",
            metavar="SEVERITY",
            choices=("error", "warning", "info"),
        ),
    ] = "error"
    baseline: Annotated[
        str | None, Option("File of expected findings; stale entries fail the run.", metavar="FILE")
    ] = None
    write_baseline: Annotated[
        str | None, Option("Write the findings to this file as a baseline, and pass.", metavar="FILE", in_file=False)
    ] = None

    def __post_init__(self) -> None:
        """Raises UsageError for options that exclude each other."""
        if self.baseline is not None and self.write_baseline is not None:
            raise UsageError("--baseline and --write-baseline: give one of them.")

    @property
    def are_given(self) -> bool:
        """Whether any of them was given: then probes that do without rules run the rules too."""
        return self != JudgingOptions()
