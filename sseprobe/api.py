"""The core: one async function per probe. It returns a Report, also when it is interrupted.

The command line, the config file, the pytest plugin and Python code all call these, with the same options.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any, Final

import msgspec

from sseprobe.config.options.groups import PROBES, Options, read_options, refuse_unknown, titled_fields
from sseprobe.errors import UsageError
from sseprobe.probes.context import RunContext
from sseprobe.probes.observer import Observer
from sseprobe.report import Report, Verdict

_MODULES: Final = {
    "stream": "sseprobe.probes.stream",
    "check": "sseprobe.probes.check.probe",
    "abort-test": "sseprobe.probes.abort.probe",
    "buffer-test": "sseprobe.probes.buffering.probe",
}


class Endpoint:
    """A URL with request and connection options that several calls share."""

    def __init__(self, url: str | None, **options: Any) -> None:
        self.url = url
        self.options = options


Target = str | Endpoint | None


async def stream(target: Target = None, /, **options: Any) -> Report:
    """Receives one stream. `target` None: the bundled mock. Raises UsageError only."""
    return await _probe("stream", target, options)


async def check(target: Target = None, /, **options: Any) -> Report:
    """Judges streams by all rules that apply, and by active probes. Raises UsageError only."""
    return await _probe("check", target, options)


async def abort_test(target: Target = None, /, **options: Any) -> Report:
    """Aborts streams, and reports whether the server stopped. Raises UsageError only."""
    return await _probe("abort-test", target, options)


async def buffer_test(target: Target = None, /, **options: Any) -> Report:
    """Measures the endpoint behind simulated proxies. Raises UsageError only."""
    return await _probe("buffer-test", target, options)


async def _probe(command: str, target: Target, options: Mapping[str, Any]) -> Report:
    shared = target.options if isinstance(target, Endpoint) else {}
    url = target.url if isinstance(target, Endpoint) else target
    given = _as_given({**shared, **options})
    refuse_unknown(PROBES[command], given)
    return await run(command, url, read_options(PROBES[command], given))


async def run(command: str, url: str | None, options: Options[Any], observer: Observer | None = None) -> Report:
    """Runs a probe. Cancelled, it returns the report of what was seen. Raises UsageError."""
    name = command.replace("-", "_")
    probe: Callable[[RunContext[Any]], Awaitable[Report]] = getattr(import_module(_MODULES[command]), name)
    context = RunContext(command, url, options, observer or Observer())
    report: Report | None = None
    try:
        async with context.cleanup:
            report = await probe(context)
    except asyncio.CancelledError:
        context.interrupted = True
    return report if report is not None else context.report(Verdict.INCONCLUSIVE)


def _signature_of(probe: type[msgspec.Struct]) -> inspect.Signature:
    """What editors and notebooks show of a probe: its keyword arguments, with their types and defaults."""
    keys = {"from": "from_"}  # a word of Python's
    given = [field for _, field in titled_fields(probe, "") if field.option.keyword]
    kind, keyword = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.KEYWORD_ONLY
    words = [
        inspect.Parameter(keys.get(each.key, each.key), keyword, default=each.default, annotation=each.annotation)
        for each in given
    ]
    target = inspect.Parameter("target", kind, default=None, annotation=Target)
    return inspect.Signature([target, *words], return_annotation=Report)


for _name, _function in {
    "stream": stream,
    "check": check,
    "abort-test": abort_test,
    "buffer-test": buffer_test,
}.items():
    _function.__signature__ = _signature_of(PROBES[_name])  # type: ignore[attr-defined]  # where `inspect` looks


def _as_given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments as options: `json` is a body, `headers` may be a mapping. Raises UsageError."""
    given = dict(options)
    if "json" in given:
        if given.get("data") is not None:
            raise UsageError("json and data both give the body: use one of them.")
        try:
            given["data"] = msgspec.json.encode(given.pop("json")).decode()
        except (TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"json: not serializable as JSON ({error}).") from error
    headers = given.pop("headers", None)
    if isinstance(headers, Mapping):
        headers = [f"{name}: {value}" for name, value in headers.items()]
    if headers is not None:
        header = given.get("header") or []
        given["header"] = [*([header] if isinstance(header, str) else header), *headers]
    if "from_" in given:
        given["from"] = given.pop("from_")
    return given
