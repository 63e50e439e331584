"""From judgements to the results of a report: one a rule, over all that it was asked about."""

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
"""What a rule says of several streams: the first of these that it says of one."""


class Asked(NamedTuple):
    """What a rule is asked about. `stream`: its place in the report, None for the evidence of a probe."""

    subject: Any
    stream: int | None


def result_of(rule: Rule, asked: Sequence[Asked], redact: Redactor, *, absent: str) -> RuleResult:
    """The result of a rule. `absent`: why there is nothing to ask it about, if there is nothing."""
    judged = [(each, judge(rule, each.subject)) for each in asked]
    verdict = min((said.verdict for _, said in judged), key=_STRENGTH.index, default=RuleVerdict.NOT_APPLICABLE)
    listing = Listing()
    for each, said in judged:
        for found in said.findings:
            listing.add(_finding(rule, found, each, redact))
    return RuleResult(
        rule=rule.id,
        severity=rule.severity,
        kind=rule.kind,
        verdict=verdict,
        title=rule.title,
        reason=redact(reason) if (reason := _reason(verdict, judged, absent)) else None,
        spec=rule.spec,
        findings=listing.kept,
        more=listing.more + sum(said.more for _, said in judged),
    )


def _reason(verdict: RuleVerdict, judged: Sequence[tuple[Asked, Judgement]], absent: str) -> str | None:
    if not judged:
        return absent
    said = [each for each in judged if each[1].verdict is verdict]
    reason = said[0][1].reason
    if reason is None or len(said) == len(judged) or said[0][0].stream is None:
        return reason
    return f"{reason} (in {len(said)} of {len(judged)} streams)"


def _finding(rule: Rule, found: Finding, asked: Asked, redact: Redactor) -> FindingReport:
    stream = asked.subject if isinstance(asked.subject, Transcript) else None
    event, t_ms, excerpt = None, None, None
    if stream is not None and found.span is not None:
        start, end = found.span
        message = stream.message_at(start)
        read = stream.read_at(max(start, end - 1))
        event = message.index if message else None
        t_ms = ms(read.t_ns) if read else None
        excerpt = _excerpt(stream.body, start, end, redact)
    return FindingReport(
        key=rule.key_of(found),
        message=redact(found.message),
        expected=redact(found.expected) if found.expected is not None else None,
        actual=redact(found.actual) if found.actual is not None else None,
        span=found.span,
        event=event,
        t_ms=t_ms,
        stream=asked.stream,
        excerpt=excerpt,
    )


def _excerpt(body: bytes, start: int, end: int, redact: Redactor) -> Excerpt:
    """The bytes of a span, with some before and after them. Masked before they are cut: no half credential is left."""
    margin = 4 * _CONTEXT_BYTES + redact.longest
    first = max(0, start - margin)
    piece = redact.raw(body[first : end + margin])
    at, until = start - first, end - first
    marked = piece[at:until]
    if len(marked) > _MARKED_BYTES:
        half = _MARKED_BYTES // 2
        shown = f"{_shown(marked[:half])}…{_shown(marked[-half:])}"
    else:
        shown = _shown(marked)
    return Excerpt(
        _shown(piece[max(0, at - _CONTEXT_BYTES) : at]), shown, _shown(piece[until : until + _CONTEXT_BYTES])
    )


def _shown(data: bytes) -> str:
    """Bytes as one line: line ends as ␍ and ␊, what is no UTF-8 as \\xNN."""
    text = data.decode(errors="backslashreplace")
    return visible(text.replace("\n", "\u240a").replace("\t", "\u2409"))
