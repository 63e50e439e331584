"""The output options: which reports are written, what a terminal shows, and what is kept of a stream."""

from typing import Annotated, Final

from msgspec import Struct

from sseprobe.config.options.option import Option

DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024


class OutputOptions(Struct, frozen=True, kw_only=True):
    """Where results go."""

    reports: Annotated[
        list[str],
        Option(
            "Write a report: {formats}, to PATH or standard output; repeatable.",
            name="report",
            metavar="FORMAT[:PATH]",
            keyword=False,
        ),
    ] = []
    record: Annotated[str | None, Option("Record the first stream as a cassette.", metavar="PATH")] = None
    max_bytes: Annotated[int, Option("Most bytes to keep of one body.", metavar="N", minimum=1)] = DEFAULT_MAX_BYTES
    quiet: Annotated[bool, Option("Do not print the summary.", ("-q",), keyword=False)] = False
    verbose: Annotated[
        bool,
        Option("Show the request, the head of the response, and details in the summary.", ("-v",), keyword=False),
    ] = False
    no_color: Annotated[bool, Option("No colours; NO_COLOR does the same.", keyword=False)] = False
