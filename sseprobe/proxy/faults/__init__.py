"""Faults, one file each. To add one: a file here, and a line in the table, which imports it when it is used."""

import difflib
import math
import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final, NamedTuple

from sseprobe.errors import UsageError
from sseprobe.proxy.fault import Close, Fault
from sseprobe.text import one_line

MAX_BYTES: Final = 1 << 40
MAX_SECONDS: Final = 86_400.0
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")

Arguments = tuple[Any, ...]


class FaultKind(NamedTuple):
    """One fault. `syntax`: its SPEC; `read`: from what stands behind the colon, None if nothing does, to arguments."""

    module: str
    name: str
    syntax: str
    does: str
    read: Callable[[str | None], Arguments]


class _Wrong(Exception):  # noqa: N818  turned into a UsageError
    """What was expected."""


def _count(word: str | None, least: int = 1) -> int:
    if word is None or not re.fullmatch("[0-9]{1,13}", word) or not least <= int(word) <= MAX_BYTES:
        raise _Wrong(f"a whole number of at least {least}")
    return int(word)


def _number(word: str | None, most: float, unit: str) -> float:
    try:
        number = float(word or "")
    except ValueError:
        number = math.nan
    if not 0 < number <= most:  # also false for NaN
        raise _Wrong(f"a number of {unit}, over 0 and up to {most:g}")
    return number


def _seconds(word: str | None) -> float:
    return _number(word, MAX_SECONDS, "seconds")


def _millis(word: str | None) -> float:
    return _number(word, MAX_SECONDS * 1000, "milliseconds")


def _nothing(word: str | None) -> Arguments:
    if word is not None:
        raise _Wrong("nothing behind its name")
    return ()


def _one(read: Callable[[str | None], Any], default: Any = None) -> Callable[[str | None], Arguments]:
    return lambda word: (default,) if word is None and default is not None else (read(word),)


def _word(*known: str) -> Callable[[str | None], str]:
    def read(word: str | None) -> str:
        if word not in known:
            raise _Wrong(f"one of: {', '.join(known)}")
        return word

    return read


def _latency(word: str | None) -> Arguments:
    delay, tilde, jitter = (word or "").partition("~")
    return (_millis(delay), _millis(jitter)) if tilde else (_millis(delay),)


def _limit(word: str | None) -> Arguments:
    seconds, comma, ending = (word or "").partition(",")
    if not comma:
        return (_seconds(seconds),)
    if ending in _CLOSES:
        return _seconds(seconds), None, _CLOSES[ending]
    if re.fullmatch("[45][0-9][0-9]", ending):
        return _seconds(seconds), int(ending)
    raise _Wrong("seconds, and behind a comma eof, rst, or an HTTP status from 400 to 599")


def _stall(word: str | None) -> Arguments:
    seconds, at, after = (word or "").partition("@")
    return (_seconds(seconds), _count(after)) if at else (_seconds(seconds),)


def _token(word: str | None) -> str:
    if word is None or not _TOKEN.fullmatch(word):
        raise _Wrong("a name as HTTP has them, such as Cache-Control")
    return word


def _method(word: str | None) -> str:
    return _token(word).upper()


def _header(word: str | None) -> Arguments:
    name, colon, value = (word or "").partition(":")
    if not colon or not _VALUE.fullmatch(value.strip()):
        raise _Wrong("NAME:VALUE, on one line")
    return _token(name), value.strip()


_CLOSES: Final = {"eof": Close.FIN, "rst": Close.RST}
_LIMIT_SYNTAX: Final = "S[,eof|rst|STATUS]"

FAULTS: Final = {
    "hold": FaultKind("hold", "Hold", "hold:N", "holds the body until N bytes are there", _one(_count)),
    "hold-all": FaultKind("hold_all", "HoldAll", "hold-all", "holds the answer until it is complete", _nothing),
    "hold-head": FaultKind("hold_head", "HoldHead", "hold-head", "holds the head until some body is there", _nothing),
    "flush-every": FaultKind(
        "flush_timer", "FlushTimer", "flush-every:MS", "passes on what it holds at each tick", _one(_millis)
    ),
    "coalesce": FaultKind(
        "coalesce", "Coalesce", "coalesce:MS", "waits for more, so long from the first byte on", _one(_millis)
    ),
    "gzip": FaultKind(
        "gzip",
        "Gzip",
        "gzip[:blocked|sync]",
        "compresses, without flushing or with",
        _one(_word("blocked", "sync"), "blocked"),
    ),
    "split": FaultKind("split", "Split", "split:N", "cuts the body into pieces of N bytes", _one(_count)),
    "slow": FaultKind("rate", "Rate", "slow:B", "passes on B bytes a second", _one(_count)),
    "latency": FaultKind(
        "latency", "Latency", "latency:MS[~JITTER]", "delays everything, by up to so much more", _latency
    ),
    "first-byte-timeout": FaultKind(
        "first_byte_timeout",
        "FirstByteTimeout",
        f"first-byte-timeout:{_LIMIT_SYNTAX}",
        "gives up without an answer",
        _limit,
    ),
    "idle-timeout": FaultKind(
        "idle_timeout", "IdleTimeout", f"idle-timeout:{_LIMIT_SYNTAX}", "gives up after silence", _limit
    ),
    "total-timeout": FaultKind(
        "total_timeout", "TotalTimeout", f"total-timeout:{_LIMIT_SYNTAX}", "gives up on long answers", _limit
    ),
    "max-bytes": FaultKind("max_bytes", "MaxBytes", "max-bytes:N", "gives up on bodies over N bytes", _one(_count)),
    "eof-after": FaultKind(
        "truncate", "Truncate", "eof-after:N", "ends the body after N bytes, without the last chunk", _one(_count)
    ),
    "rst-after": FaultKind("reset", "Reset", "rst-after:N", "resets the connection after N bytes", _one(_count)),
    "stall": FaultKind("stall", "Stall", "stall:S[@N]", "S seconds of silence after N bytes", _stall),
    "dup-event": FaultKind(
        "duplicate_event", "DuplicateEvent", "dup-event[:N]", "event N comes twice", _one(_count, 2)
    ),
    "bad-utf8": FaultKind(
        "corrupt_event", "CorruptEvent", "bad-utf8[:N]", "event N holds a byte that is no UTF-8", _one(_count, 2)
    ),
    "crlf": FaultKind("newlines", "CrLf", "crlf", "lines end in CR LF", _nothing),
    "cr": FaultKind("newlines", "Cr", "cr", "lines end in CR", _nothing),
    "bom": FaultKind("bom", "Bom", "bom", "a byte order mark before everything", _nothing),
    "502-html-midway": FaultKind(
        "error_page", "ErrorPage", "502-html-midway[:N]", "an error page in the body after N bytes", _one(_count, 1)
    ),
    "strip": FaultKind("strip", "Strip", "strip:NAME", "removes a header of the answer", _one(_token)),
    "add": FaultKind("add", "Add", "add:NAME:VALUE", "sets a header of the answer", _header),
    "method": FaultKind("method", "Method", "method:NAME", "asks the upstream by this method", _one(_method)),
    "http10": FaultKind("http10", "Http10", "http10", "asks the upstream in HTTP/1.0", _nothing),
    "close-delimited": FaultKind(
        "close_delimited", "CloseDelimited", "close-delimited", "answers in HTTP/1.0", _nothing
    ),
    "heartbeat": FaultKind(
        "heartbeat", "Heartbeat", "heartbeat:S", "a comment after S seconds of silence", _one(_seconds)
    ),
    "client-abort": FaultKind(
        "client_abort",
        "ClientAbort",
        "client-abort:at-once|next-write|never",
        "when a client's leaving reaches the upstream",
        _one(_word("at-once", "next-write", "never")),
    ),
    "half-close": FaultKind(
        "half_close",
        "HalfClose",
        "half-close:abort|ignore",
        "what a FIN of the client means",
        _one(_word("abort", "ignore")),
    ),
}


def parse_fault(spec: str) -> Callable[[], Fault]:
    """What makes the fault of a SPEC, anew for each exchange. Raises UsageError for one that is not understood."""
    name, colon, word = spec.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name.lower(), FAULTS, 1)
        guess = f" Did you mean {FAULTS[near[0]].syntax}?" if near else ""
        raise UsageError(f"--fault {one_line(spec, 80)}: not a fault.{guess} Known are: {', '.join(FAULTS)}.")
    try:
        arguments = kind.read(word if colon else None)
    except _Wrong as wrong:
        raise UsageError(f"--fault {one_line(spec, 80)}: not understood. {kind.syntax} takes {wrong}.") from None
    made: Callable[..., Fault] = getattr(import_module(f"{__name__}.{kind.module}"), kind.name)
    return partial(made, *arguments)
