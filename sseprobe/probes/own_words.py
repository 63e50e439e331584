"""What was said about an app's own events: by options, and by `[dialects.NAME]` in the config file."""

from pathlib import Path

import msgspec

from sseprobe import dialects, json_pointer
from sseprobe.config.project import DialectTable, project, refused
from sseprobe.dialects.base import Dialect
from sseprobe.dialects.own.convention import Convention, Mark, done_when
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.reading import Reading
from sseprobe.errors import UsageError
from sseprobe.framing import Framing


class OwnWords(msgspec.Struct, frozen=True):
    """`--text-at`, `--error-at`, `--done-when`, `--framing`, `--config`, as they were given."""

    text_at: str | None = None
    error_at: str | None = None
    done_when: str | None = None
    framing: str | None = None
    config: str | None = None

    @property
    def are_given(self) -> bool:
        """Whether events are described by options."""
        return any(word is not None for word in (self.text_at, self.error_at, self.done_when, self.framing))

    def dialect(self, name: str) -> Dialect | None:
        """The dialect of an app's own that is named or described; None: it is a vendor's, or told by the stream.

        Raises UsageError.
        """
        found, path = project(self.config)
        for known in found.dialects:
            if path is not None and known in (dialects.AUTO, *dialects.NAMES):
                said = f"dialects.{known}: sseprobe has a dialect of that name; take another."
                raise refused(path, ("dialects", known), said)
        table = found.dialects.get(name)
        if name in (dialects.AUTO, dialects.PLAIN):
            return own_dialect(dialects.PLAIN, Reading.of(self._added_to(Convention()))) if self.are_given else None
        if table is not None and name not in dialects.NAMES:
            return own_dialect(name, Reading.of(self._added_to(_convention(table))))
        if self.are_given and name in dialects.NAMES:
            given = "--text-at, --error-at, --done-when and --framing"
            raise UsageError(f"--dialect {name}: {given} describe an app's own events. Leave --dialect out.")
        if name not in dialects.NAMES:
            raise UsageError(f"{dialects.unknown(name, tuple(found.dialects))}{_where(path)}")
        return None

    def _added_to(self, convention: Convention) -> Convention:
        """The convention with what the options say instead."""
        if self.framing is not None and self.framing not in list(Framing):
            raise UsageError(f"--framing {self.framing}: not a framing. Known are: {', '.join(Framing)}.")
        try:
            done = (done_when(self.done_when),) if self.done_when is not None else convention.done
        except ValueError as error:
            expected = "Expected POINTER=JSON such as /done=true, or a literal such as [DONE]."
            raise UsageError(f"--done-when {self.done_when}: {error}. {expected}") from error
        return Convention(
            text=_pointer("--text-at", self.text_at, convention.text),
            error=_pointer("--error-at", self.error_at, convention.error),
            tokens=convention.tokens,
            done=done,
            framing=Framing(self.framing) if self.framing is not None else convention.framing,
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
    """The convention of a table that was found to be in order."""
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
