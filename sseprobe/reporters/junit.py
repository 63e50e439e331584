"""`junit`: the XML that CI systems count tests from. It is red exactly where the exit code is not 0.

One suite a report, one test case a case. XML 1.0 has no way to write most control characters: they are symbols here.
"""

import re
from typing import Final
from xml.etree import ElementTree as ET

from sseprobe.report import Report
from sseprobe.reporters.cases import Case, CaseOutcome
from sseprobe.reporters.sections import cases_of
from sseprobe.text import one_line, visible

_NOT_XML: Final = re.compile("[\ufffe\uffff]")  # https://www.w3.org/TR/xml/#charsets; `visible` sees to the others
_ELEMENTS: Final = {CaseOutcome.FAILED: "failure", CaseOutcome.ERROR: "error", CaseOutcome.SKIPPED: "skipped"}


def render(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """The report as one test suite."""
    del width, colour, verbose
    cases = cases_of(report)
    outcomes = [case.outcome for case in cases]
    totals = {
        "name": xml_text(f"sseprobe {one_line(report.command, 40)} {one_line(report.target.url, 2000)}"),
        "tests": str(len(cases)),
        "failures": str(outcomes.count(CaseOutcome.FAILED)),
        "errors": str(outcomes.count(CaseOutcome.ERROR)),
        "skipped": str(outcomes.count(CaseOutcome.SKIPPED)),
        "time": _seconds(report.duration_ms),
    }
    root = ET.Element("testsuites", {name: value for name, value in totals.items() if name != "skipped"})
    suite = ET.SubElement(root, "testsuite", totals, timestamp=xml_text(one_line(report.started_at, 40)))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", name=name, value=xml_text(one_line(value, 80)))
    for case in cases:
        _add(suite, case, one_line(report.command, 40))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def xml_text(text: str) -> str:
    """Text from outside as XML can hold it."""
    return _NOT_XML.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", visible(text))


def _properties(report: Report) -> list[tuple[str, str]]:
    return [
        ("verdict", str(report.verdict)),
        ("exit_code", str(report.exit_code)),
        ("method", report.target.method),
        ("dialect", report.target.dialect),
        ("version", report.tool.version),
    ]


def _add(suite: ET.Element, case: Case, command: str) -> None:
    family = f".{case.name.rstrip('0123456789')}" if case.result is not None else ""
    element = ET.SubElement(
        suite,
        "testcase",
        classname=xml_text(f"sseprobe.{command}.{case.kind}{family}"),
        name=xml_text(f"{case.name}: {case.title}"),
    )
    if case.duration_ms is not None:
        element.set("time", _seconds(case.duration_ms))
    body = xml_text("\n".join(case.details))
    if case.outcome in _ELEMENTS:
        kind = {} if case.outcome is CaseOutcome.SKIPPED else {"type": str(case.severity)}
        child = ET.SubElement(element, _ELEMENTS[case.outcome], {"message": xml_text(case.message), **kind})
        if case.outcome.counts:
            child.text = body
            return
    if body:
        ET.SubElement(element, "system-out").text = body


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.3f}"
