"""The dialect of an app's own events: described by options, or by `[dialects.NAME]` in the config file."""

from pathlib import Path

from sseprobe import dialects, json_pointer
from sseprobe.config.options.request import AUTO, RequestOptions
from sseprobe.config.project import DialectTable, project, refused
from sseprobe.dialects.base import Dialect
from sseprobe.dialects.own.convention import Convention, Mark, done_when
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.errors import UsageError
from sseprobe.sse.framing import Framing


def described_dialect(options: RequestOptions) -> Dialect | None:
    """The app's own dialect that options or the config file describe; None: a vendor's, or the stream shows it.

    Raises UsageError.
    """
    name = options.dialect
    project_file, path = project(options.config)
    for known in project_file.dialects:
        if path is not None and known in (AUTO, *dialects.NAMES):
            problem = f"dialects.{known}: sseprobe has a dialect of that name; use another name."
            raise refused(path, ("dialects", known), problem)
    table = project_file.dialects.get(name)
    if name in (AUTO, dialects.PLAIN):
        if not options.describes_events:
            return None
        return own_dialect(dialects.PLAIN, EventFormat.of(_added_to(Convention(), options)))
    if table is not None and name not in dialects.NAMES:
        return own_dialect(name, EventFormat.of(_added_to(_convention(table), options)))
    if options.describes_events and name in dialects.NAMES:
        given = "--text-at, --error-at, --done-when and --framing"
        raise UsageError(f"--dialect {name}: {given} describe an app's own events. Leave --dialect out.")
    if name not in dialects.NAMES:
        raise UsageError(f"{dialects.unknown(name, tuple(project_file.dialects))}{_where(path)}")
    return None


def _added_to(convention: Convention, options: RequestOptions) -> Convention:
    """The convention, changed by the options."""
    if options.framing is not None and options.framing not in list(Framing):
        raise UsageError(f"--framing {options.framing}: unknown framing. Known are: {', '.join(Framing)}.")
    try:
        done = (done_when(options.done_when),) if options.done_when is not None else convention.done
    except ValueError as error:
        expected = "Expected POINTER=JSON such as /done=true, or a literal such as [DONE]."
        raise UsageError(f"--done-when {options.done_when}: {error}. {expected}") from error
    return Convention(
        text=_pointer("--text-at", options.text_at, convention.text),
        error=_pointer("--error-at", options.error_at, convention.error),
        tokens=convention.tokens,
        done=done,
        framing=Framing(options.framing) if options.framing is not None else convention.framing,
    )


def _pointer(option: str, pointer: str | None, otherwise: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if pointer is None:
        return otherwise
    try:
        return json_pointer.parse(pointer)
    except ValueError as error:
        guess = "/" + pointer.replace(".", "/")
        raise UsageError(f"{option} {pointer}: {error}. Did you mean {guess}?") from error


def _convention(table: DialectTable) -> Convention:
    """The convention of a table that is valid."""
    done: tuple[Mark, ...] = ()
    if isinstance(table.done, str):
        done = (Mark(table.done),)
    elif table.done is not None:
        done = (Mark(values=tuple((json_pointer.parse(at), value) for at, value in table.done.items())),)
    text, error, tokens = (
        None if pointer is None else json_pointer.parse(pointer) for pointer in (table.text, table.error, table.tokens)
    )
    framing = None if table.framing is None else Framing(table.framing)
    return Convention(text, error, tokens, done, framing)


def _where(path: Path | None) -> str:
    return "" if path is None else f" [dialects.NAME] in {path} adds others."
