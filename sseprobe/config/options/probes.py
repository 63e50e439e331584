"""The options of each probe, beside those that all probes share."""

from typing import Annotated, Final

from msgspec import Struct

from sseprobe.config.options.option import Option
from sseprobe.errors import UsageError

WITNESS_HELP: Final = "Source of evidence that the server stopped; repeatable: {witnesses}."


class StreamOptions(Struct, frozen=True, kw_only=True):
    """Of `stream`."""

    show: Annotated[
        str,
        Option(
            "What to print of the stream.",
            metavar="text|events|raw",
            choices=("text", "events", "raw"),
            in_file=False,
            keyword=False,
        ),
    ] = "text"
    json_lines: Annotated[
        bool, Option("Print one JSON object per event, one a line.", name="json", in_file=False, keyword=False)
    ] = False
    recording: Annotated[
        str | None, Option("Read a recording instead of a URL.", name="from", metavar="CASSETTE", in_file=False)
    ] = None


class CheckOptions(Struct, frozen=True, kw_only=True):
    """Of `check`."""

    repeat: Annotated[int, Option("How often to send the request.", metavar="N", minimum=1)] = 3
    probes: Annotated[
        list[str] | None, Option("Run this active probe; repeatable: {probes}.", name="probe", metavar="NAME")
    ] = None
    witnesses: Annotated[list[str] | None, Option(WITNESS_HELP, name="witness", metavar="SPEC")] = None
    recording: Annotated[
        str | None, Option("Check a recording instead of a URL.", name="from", metavar="CASSETTE", in_file=False)
    ] = None


class AbortOptions(Struct, frozen=True, kw_only=True):
    """Of `abort-test`."""

    witnesses: Annotated[
        list[str] | None, Option(f"{WITNESS_HELP} Without a URL: mock.", name="witness", metavar="SPEC")
    ] = None
    how: Annotated[
        list[str],
        Option(
            "How the client aborts; repeatable: fin, rst, half-close, stall, h2-reset. (default: fin)",
            metavar="KIND",
            choices=("fin", "rst", "half-close", "stall", "h2-reset"),
        ),
    ] = []
    at: Annotated[
        list[str],
        Option(
            "When the client aborts; repeatable: before-headers, before-first-token, mid-stream, after-tokens:N, "
            "after-ms:T, silent-gap, near-end. (default: mid-stream)",
            metavar="PHASE",
        ),
    ] = []
    trials: Annotated[int, Option("Trials of each KIND at each PHASE.", metavar="N", minimum=1, maximum=10_000)] = 1
    grace_s: Annotated[
        float, Option("Seconds that the server may take to stop.", name="grace", metavar="S", minimum=0.05)
    ] = 5.0
    expect: Annotated[
        str,
        Option("What the server should do on abort.", metavar="stop|continue", choices=("stop", "continue")),
    ] = "stop"
    max_overrun: Annotated[
        int | None, Option("Fail if more tokens than this are generated after the abort.", metavar="TOKENS", minimum=0)
    ] = None
    concurrency: Annotated[
        int,
        Option("Concurrent streams; half abort, the others must complete.", metavar="N", minimum=1, maximum=1000),
    ] = 1
    control: Annotated[
        int, Option("Control streams beside each trial; they must complete.", metavar="N", minimum=0, maximum=1000)
    ] = 0
    sweep: Annotated[
        int | None,
        Option(
            "Spread N aborts over the stream's duration, dense around head and first token; excludes --at, --trials.",
            metavar="N",
            minimum=2,
            maximum=10_000,
        ),
    ] = None
    price_per_mtok: Annotated[
        float | None, Option("Show what the overrun costs at this price.", metavar="USD", minimum=0)
    ] = None
    aborts_per_minute: Annotated[
        float, Option("Aborts per minute, to calculate the cost with.", metavar="R", minimum=0)
    ] = 1.0

    def __post_init__(self) -> None:
        """Raises UsageError for options that exclude each other."""
        if self.sweep is not None and (self.at or self.trials != 1):
            raise UsageError("--sweep chooses when to abort, and how often: leave out --at and --trials.")


class BufferOptions(Struct, frozen=True, kw_only=True):
    """Of `buffer-test`."""

    profiles: Annotated[
        list[str] | None,
        Option(
            "The simulated proxy: one of `sseprobe proxy --list`, or a TOML file; repeatable. (default: all)",
            name="profile",
            metavar="NAME|FILE",
        ),
    ] = None
    direct: Annotated[
        str | None,
        Option(
            "A direct path to the same server: both paths are measured side by side. Profiles run only if named.",
            metavar="URL",
        ),
    ] = None
    real_time: Annotated[bool, Option("Test time limits on the mock in real time, not accelerated.")] = False
    witnesses: Annotated[
        list[str] | None,
        Option(
            "Source of evidence that the server stopped, as in abort-test: adds an abort behind each proxy.",
            name="witness",
            metavar="SPEC",
        ),
    ] = None
