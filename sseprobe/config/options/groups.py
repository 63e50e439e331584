"""All options of a probe: the groups that all probes share, and its own. All callers read them here."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.config.options.judging import JudgingOptions
from sseprobe.config.options.option import OptionField, fields_of, read_group
from sseprobe.config.options.output import OutputOptions
from sseprobe.config.options.probes import AbortOptions, BufferOptions, CheckOptions, StreamOptions
from sseprobe.config.options.request import RequestOptions
from sseprobe.errors import UsageError

ProbeT = TypeVar("ProbeT", bound=Struct)

SHARED: Final[dict[str, type[Struct]]] = {
    "Request": RequestOptions,
    "Connection": ConnectOptions,
    "Judging": JudgingOptions,
    "Output": OutputOptions,
}
"""The groups of every probe, by the title that `--help` gives them."""

PROBES: Final[dict[str, type[Struct]]] = {
    "stream": StreamOptions,
    "check": CheckOptions,
    "abort-test": AbortOptions,
    "buffer-test": BufferOptions,
}


class Options(Struct, Generic[ProbeT], frozen=True):
    """What was asked for. `own`: the options of this probe alone."""

    own: ProbeT
    request: RequestOptions
    connection: ConnectOptions
    judging: JudgingOptions
    output: OutputOptions


def titled_fields(probe: type[Struct], title: str) -> Iterator[tuple[str, OptionField]]:
    """All options of a probe, each with the title of its group; its own come first."""
    for name, group in {title: probe, **SHARED}.items():
        for field in fields_of(group):
            yield name, field


def read_options(probe: type[ProbeT], given: Mapping[str, Any]) -> Options[ProbeT]:
    """The options by key (with underscores), as they were given. Raises UsageError."""
    return Options(
        read_group(probe, given),
        read_group(RequestOptions, given),
        read_group(ConnectOptions, given),
        read_group(JudgingOptions, given),
        read_group(OutputOptions, given),
    )


def refuse_unknown(probe: type[Struct], given: Mapping[str, Any]) -> None:
    """Raises UsageError for an unknown keyword, and for an option of the command line alone."""
    fields = {field.key: field for _, field in titled_fields(probe, "")}
    for key in given:
        field = fields.get(key)
        if field is None:
            known = [name for name, each in fields.items() if each.option.keyword]
            near = difflib.get_close_matches(key, known, 1)
            guess = f" Did you mean {near[0]}?" if near else f" Known are: {', '.join(known)}."
            raise UsageError(f"{key}: not an option of this probe.{guess}")
        if not field.option.keyword:
            raise UsageError(f"{key}: an option of the command line; from Python, use the Report that is returned.")
