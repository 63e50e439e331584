"""From judgements to the results of a report: one per rule, over all that it judged."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sseprobe.redaction import Redactor
from sseprobe.report import Excerpt, FindingReport, RuleResult
from sseprobe.rules.base import Finding, Judgement, Listing, Rule, RuleVerdict, judge
from sseprobe.streams.transcript import Transcript
from sseprobe.text import visible
from sseprobe.units import ms

_CONTEXT_BYTES: Final = 32
_MARKED_BYTES: Final = 64
_STRENGTH: Final = (
    RuleVerdict.CRASHED,  # what it found besides is listed, and may not be all
    RuleVerdict.FAIL,
    RuleVerdict.INCONCLUSIVE,
    RuleVerdict.PASS,
    RuleVerdict.NOT_APPLICABLE,
)
"""The verdict of a rule over several streams is the first of these that one stream has."""


class RuleInput(NamedTuple):
    """What a rule judges. `stream`: its index in the report, None for the result of a probe."""

    subject: Any
    stream: int | None


def result_of(rule: Rule, inputs: Sequence[RuleInput], redact: Redactor, *, absent: str) -> RuleResult:
    """The result of a rule. `absent`: why there are no inputs, where there are none."""
    judged = [(each, judge(rule, each.subject)) for each in inputs]
    verdict = min(
        (judgement.verdict for _, judgement in judged), key=_STRENGTH.index, default=RuleVerdict.NOT_APPLICABLE
    )
    listing = Listing()
    for each, judgement in judged:
        for finding in judgement.findings:
            listing.add(_finding(rule, finding, each, redact))
    return RuleResult(
        rule=rule.id,
        severity=rule.severity,
        kind=rule.kind,
        verdict=verdict,
        title=rule.title,
        reason=redact(reason) if (reason := _reason(verdict, judged, absent)) else None,
        spec=rule.spec,
        findings=listing.kept,
        more=listing.more + sum(judgement.more for _, judgement in judged),
    )


def _reason(verdict: RuleVerdict, judged: Sequence[tuple[RuleInput, Judgement]], absent: str) -> str | None:
    if not judged:
        return absent
    alike = [each for each in judged if each[1].verdict is verdict]
    reason = alike[0][1].reason
    if reason is None or len(alike) == len(judged) or alike[0][0].stream is None:
        return reason
    return f"{reason} (in {len(alike)} of {len(judged)} streams)"


def _finding(rule: Rule, finding: Finding, judged: RuleInput, redact: Redactor) -> FindingReport:
    stream = judged.subject if isinstance(judged.subject, Transcript) else None
    event, t_ms, excerpt = None, None, None
    if stream is not None and finding.span is not None:
        start, end = finding.span
        message = stream.message_at(start)
        read = stream.read_at(max(start, end - 1))
        event = message.index if message else None
        t_ms = ms(read.t_ns) if read else None
        excerpt = _excerpt(stream.body, start, end, redact)
    return FindingReport(
        key=rule.key_of(finding),
        message=redact(finding.message),
        expected=redact(finding.expected) if finding.expected is not None else None,
        actual=redact(finding.actual) if finding.actual is not None else None,
        span=finding.span,
        event=event,
        t_ms=t_ms,
        stream=judged.stream,
        excerpt=excerpt,
    )


def _excerpt(body: bytes, start: int, end: int, redact: Redactor) -> Excerpt:
    """The bytes of a span, with some before and after. Masked before they are cut: no part of a secret stays."""
    margin = 4 * _CONTEXT_BYTES + redact.longest
    first = max(0, start - margin)
    piece = redact.raw(body[first : end + margin])
    at, until = start - first, end - first
    marked = piece[at:until]
    if len(marked) > _MARKED_BYTES:
        half = _MARKED_BYTES // 2
        text = f"{_visible(marked[:half])}…{_visible(marked[-half:])}"
    else:
        text = _visible(marked)
    return Excerpt(
        _visible(piece[max(0, at - _CONTEXT_BYTES) : at]), text, _visible(piece[until : until + _CONTEXT_BYTES])
    )


def _visible(data: bytes) -> str:
    """Bytes as one line: line ends as ␍ and ␊, what is not UTF-8 as \\xNN."""
    text = data.decode(errors="backslashreplace")
    return visible(text.replace("\n", "\u240a").replace("\t", "\u2409"))
