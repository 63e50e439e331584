"""`sarif`: SARIF 2.1.0, for code scanning and whatever else collects results of analyses.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html (§ below). The artifact is the response body, by
the host and path that it came from, since code scanning takes relative paths alone; a region is a range of its bytes.
What is no rule's finding (a stream, a trial, the run) has a rule of its own here, so that a report that does not pass
is never without a result.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import AddressValueError, IPv6Address
from typing import Any, Final
from urllib.parse import quote

from sseprobe import exit_codes
from sseprobe.report import Report, RuleResult
from sseprobe.reporters.cases import Case, CaseOutcome
from sseprobe.reporters.findings import Repeated, counting, fail_on_of, grouped, lines_of, on_one_line
from sseprobe.reporters.sections import CLAIMS, cases_of
from sseprobe.rules.base import RuleVerdict, Severity
from sseprobe.text import one_line, to_json, visible

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_HOME: Final = "https://github.com/sseprobe/sseprobe"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GRAVITY: Final = ("error", "warning", "note")
_MAX_RESULTS: Final = 5000
_MAX_BYTES: Final = 8 * 1024 * 1024
"""Of results: what is beside them fits into the rest."""
_RAN: Final = (exit_codes.PASS, exit_codes.FAIL, exit_codes.INCONCLUSIVE)
_MAX_URI: Final = 2000
_FINGERPRINT: Final = "sseprobe/v1"
_PLACEHOLDER: Final = re.compile(r"\{(\d+)\}")


def render(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """The report as a SARIF log of one run."""
    del width, colour, verbose
    cases = cases_of(report)
    rules: dict[str, dict[str, Any]] = {}
    for case in cases:
        if case.result is not None:
            rules.setdefault(case.name, _descriptor(case.name, case.result))
        elif _wanted(case):
            rules.setdefault(case.kind, _own_descriptor(case.kind))
    ids = {name: index for index, name in enumerate(rules)}
    driver = {
        "name": one_line(report.tool.name, 40) or "sseprobe",
        "version": one_line(report.tool.version, 40),
        "informationUri": _HOME,
        "rules": list(rules.values()),
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"sseprobe/{one_line(report.command, 40)}/"},
        "invocations": [_invocation(report)],
        "artifacts": [{"location": {"uri": path_of(report.target.url)}, "roles": ["analysisTarget"]}],
        "columnKind": "unicodeCodePoints",
        "properties": {"target": uri(report.target.url)},
        "results": _within_limits(_marked(result for case in cases for result in _results(case, report, ids))),
    }
    return to_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _wanted(case: Case) -> bool:
    return case.outcome.counts or case.outcome is CaseOutcome.NOTED


def _descriptor(name: str, result: RuleResult) -> dict[str, Any]:
    title, spec = one_line(result.title, 400), uri(result.spec)
    return {
        "id": name,
        "shortDescription": _message(title),
        "fullDescription": _message(title),
        **({"helpUri": spec} if _ABSOLUTE.match(spec) else {}),
        "help": _message(f"{title} See {one_line(result.spec, 400)}"),
        "defaultConfiguration": {"level": _LEVELS[result.severity]},
        "properties": {"tags": [str(result.kind)]},
    }


def _own_descriptor(kind: str) -> dict[str, Any]:
    return {
        "id": kind,
        "shortDescription": {"text": CLAIMS[kind]},
        "fullDescription": {"text": CLAIMS[kind]},
        "help": {"text": f"{CLAIMS[kind]}: see {_HOME}"},
        "helpUri": _HOME,
        "defaultConfiguration": {"level": "error"},
    }


def _invocation(report: Report) -> dict[str, Any]:
    invocation: dict[str, Any] = {
        "executionSuccessful": report.exit_code in _RAN,
        "exitCode": report.exit_code,
        "exitCodeDescription": str(report.verdict),
    }
    # §3.20.7: only what is a date; a saved report may say anything.
    try:
        start = datetime.fromisoformat(report.started_at).astimezone(UTC)
        end = start + timedelta(milliseconds=report.duration_ms)
    except (ValueError, OverflowError):
        pass
    else:
        invocation |= {"startTimeUtc": _utc(start), "endTimeUtc": _utc(end)}
    messages = [(report.error, "error"), *((note, "note") for note in report.notes[:20])]
    notifications = [{"level": level, "message": _message(one_line(text, 400))} for text, level in messages if text]
    return invocation | ({"toolExecutionNotifications": notifications} if notifications else {})


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _results(case: Case, report: Report, ids: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Failures alone: GitHub shows whatever is in the log as an alert, a pass and what is suppressed too."""
    result = case.result
    if result is None:
        if _wanted(case):
            level = "error" if case.outcome.counts else "warning"
            message = ": ".join(filter(None, (case.name, case.message)))
            text = "\n".join((message, *case.details))
            yield _result(case.kind, ids, f"{case.kind}/{case.key}", text, report) | {"level": level}
        return
    if case.outcome.counts and (not result.findings or result.verdict is RuleVerdict.CRASHED):
        message = case.message or one_line(result.title, 400)
        yield _result(case.name, ids, f"{case.name}/{result.verdict}", message, report) | {"level": "error"}
    counts = counting(result, fail_on_of(report))
    for repeated in grouped(result):
        finding = repeated.finding
        if not finding.baselined:
            yield _finding(case, repeated, report, ids) | {
                "level": _LEVELS[result.severity],
                "properties": {"counts": finding in counts, "event": finding.event, "t_ms": finding.t_ms},
            }


def _finding(case: Case, repeated: Repeated, report: Report, ids: dict[str, int]) -> dict[str, Any]:
    finding = repeated.finding
    made = _result(case.name, ids, one_line(finding.key, 200), "\n".join(lines_of(repeated)), report)
    location = made["locations"][0]
    if finding.span is not None:
        start, end = max(0, finding.span[0]), max(0, *finding.span)
        region: dict[str, Any] = {"startLine": 1, "byteOffset": start, "byteLength": end - start}
        if finding.excerpt is not None:
            region["snippet"] = {"text": on_one_line(finding.excerpt).marked}
        location["physicalLocation"]["region"] = region
    if finding.stream is not None:
        name = f"stream {finding.stream}"
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": f"streams[{finding.stream}]"}]
    if report.baseline is not None:
        made["baselineState"] = "new"
    return made


def _result(rule: str, ids: dict[str, int], key: str, text: str, report: Report) -> dict[str, Any]:
    """`key`: what stays the same from run to run."""
    artifact = {"uri": path_of(report.target.url), "index": 0}
    return {
        "ruleId": rule,
        "ruleIndex": ids[rule],
        "message": _message(text),
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 1}}}],
        "partialFingerprints": {_FINGERPRINT: sha256(f"{rule}\n{key}".encode()).hexdigest()[:16]},
    }


def _marked(results: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results with fingerprints that differ: those of the same rule and key are numbered."""
    counts: Counter[str] = Counter()
    marked = []
    for result in results:
        mark = result["partialFingerprints"][_FINGERPRINT]
        counts[mark] += 1
        fingerprint = f"{mark}:{counts[mark]}"
        # The second key is the one that GitHub tells alerts apart by.
        marked.append(
            result | {"partialFingerprints": {_FINGERPRINT: fingerprint, "primaryLocationLineHash": fingerprint}}
        )
    return marked


def _within_limits(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The gravest first, as many as GitHub takes: 5,000 results are shown, and 10 MB after compression are read
    (docs.github.com/code-security, "SARIF support for code scanning"); here 10 MB before it.
    """
    ranked = sorted(results, key=lambda result: _GRAVITY.index(result["level"]))[:_MAX_RESULTS]
    room, kept = _MAX_BYTES, []
    for result in ranked:
        room -= len(to_json(result, indent=2).encode())
        if room < 0:
            break
        kept.append(result)
    return kept


def _message(text: str) -> dict[str, str]:
    """§3.11: in plain text, `[text](link)` is a link and `{0}` a placeholder, unless they are escaped."""
    text = _PLACEHOLDER.sub(r"{{\1}}", text)
    if "](" in text:
        text = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return {"text": text or "-"}


_SAFE: Final = "-._~!$&'()*+,;=:@/?%"
_ABSOLUTE: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_URL: Final = re.compile(
    r"(?P<scheme>https?|wss?)://(?:(?P<user>[^/?#@]*)@)?(?P<host>\[[^\]/?#@]*\]|[^/?#@:\[\]]*)(?P<port>:\d*)?"
    r"(?P<path>(?:[/?][^#]*)?)(?P<fragment>(?:#.*)?)",
    re.DOTALL,
)


def uri(text: str) -> str:
    """A valid URI reference (RFC 3986) that holds as much of the text as can be held."""
    text = visible(text[:_MAX_URI])
    match = _URL.fullmatch(text)
    if match is None or not _is_host(match["host"]):
        return quote(text, safe="") or "unknown"
    user = "" if match["user"] is None else f"{_quoted(match['user'])}@"
    host = match["host"] if match["host"].startswith("[") else _quoted(match["host"])
    fragment = match["fragment"] and f"#{_quoted(match['fragment'][1:])}"
    return f"{match['scheme']}://{user}{host}{match['port'] or ''}{_quoted(match['path'])}{fragment}"


def path_of(url: str) -> str:
    """The URL as a relative path, as code scanning takes them: its host and path, without scheme, user and query."""
    match = _URL.fullmatch(visible(url[:_MAX_URI]))
    if match is None or not _is_host(match["host"]):
        return quote(visible(url[:_MAX_URI]), safe="") or "unknown"
    host = match["host"].strip("[]") + (match["port"] or "")
    path = match["path"].partition("?")[0].strip("/")
    return quote(f"{host}/{path}".rstrip("/").replace("..", "%2E%2E"), safe="-._~/%")


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return True
    try:
        IPv6Address(host[1:-1])
    except AddressValueError:
        return False
    return True


def _quoted(text: str) -> str:
    """Percent-encoded where it must be; what is encoded already stays."""
    return quote(re.sub("%(?![0-9A-Fa-f]{2})", "%25", text), safe=_SAFE)
