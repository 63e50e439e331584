"""`github`: workflow commands, which GitHub Actions shows as annotations; the verdict last, in plain text.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions. GitHub shows ten annotations of each
level a step, so that the tenth says how many there would be.
"""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import Report
from sseprobe.reporters.cases import Case, CaseOutcome
from sseprobe.reporters.findings import counting, fail_on_of, grouped, message_of, sides
from sseprobe.reporters.sections import cases_of
from sseprobe.rules.base import Severity
from sseprobe.text import one_line

_MAX_ANNOTATIONS: Final = 10
_LEVELS: Final = ("error", "warning", "notice")
_BY_SEVERITY: Final = {Severity.ERROR: "warning", Severity.WARNING: "warning", Severity.INFO: "notice"}
"""Of findings that do not count; those that count are errors."""
_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}

Annotation = tuple[str, str, str]
"""Level, title, message."""


def render(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """Annotations, errors first, and a last line with the verdict."""
    del width, colour, verbose
    annotations = [each for case in cases_of(report) for each in _annotations(case, fail_on_of(report))]
    lines = []
    for level in _LEVELS:
        listed = [each for each in annotations if each[0] == level]
        if len(listed) > _MAX_ANNOTATIONS:
            shown = listed[: _MAX_ANNOTATIONS - 1]
            more = len(listed) - len(shown)
            listed = [*shown, (level, "sseprobe", f"and {more} more of this level: see the other reports of this run")]
        lines += [_command(*each) for each in listed]
    target = f"{one_line(report.target.method, 40)} {one_line(report.target.url, 2000)}"
    lines.append(
        _inert(f"sseprobe {one_line(report.command, 40)}: {report.verdict}, exit code {report.exit_code}, {target}")
    )
    return "".join(f"{line}\n" for line in lines)


def _annotations(case: Case, fail_on: Severity) -> Iterator[Annotation]:
    title = f"{case.name}: {case.title}"
    if case.result is None:
        if case.outcome.counts:
            yield "error", title, "\n".join((case.message, *case.details))
        elif case.outcome is CaseOutcome.NOTED:
            yield "warning", title, case.message
        return
    if case.outcome is CaseOutcome.ERROR:
        yield "error", title, case.message
    count = counting(case.result, fail_on)
    for repeated in grouped(case.result):
        finding = repeated.finding
        level = "error" if finding in count else _BY_SEVERITY[case.severity]
        lines = [message_of(repeated), *(f"{label}: {text}" for label, text in sides(finding))]
        lines += ["expected by the baseline"] if finding.baselined else []
        lines.append(one_line(case.result.spec, 300))
        yield "notice" if finding.baselined else level, title, "\n".join(lines)


def _command(level: str, title: str, message: str) -> str:
    return _inert(f"::{level} title={_escaped(f'sseprobe {title}', _PROPERTY)}::{_escaped(message, _DATA)}")


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in text)


def _inert(line: str) -> str:
    """The older form of commands, `##[error]`, is obeyed anywhere in a line."""
    return line.replace("##[", "#\u200b#[")
