"""From a decoded stream to its report, credentials masked."""

from sseprobe.dialects.base import Delta, DeltaKind
from sseprobe.http_exchange import BodyEnd, Ending, Head, Redirect, Request
from sseprobe.redaction import Redactor, redact_url
from sseprobe.report import RedirectReport, StreamError, StreamMetrics, StreamReport, Target, ToolCallReport
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome


def target_of(request: Request, dialect: str) -> Target:
    """The target of a request, credentials masked."""
    return Target(redact_url(request.url), request.method, dialect)


def _error(error: Delta, redact: Redactor) -> StreamError:
    kind, code = (None if each is None else redact(each) for each in (error.type, error.code))
    return StreamError(redact(error.text), kind, code)


def stream_report(
    decoder: StreamDecoder,
    outcome: Outcome,
    *,
    redact: Redactor,
    head: Head | None = None,
    body_end: BodyEnd | None = None,
    redirects: list[Redirect] | None = None,
    error: str | None = None,
    notes: list[str] | None = None,
) -> StreamReport:
    """The report of one stream. `error`: about the answer as a whole, where the stream itself named none."""
    in_band, reading = outcome.error, decoder.event_format
    failure = _error(in_band, redact) if in_band else StreamError(error) if error else None
    return StreamReport(
        status=head.status if head else None,
        http_version=head.http_version if head else None,
        ending=outcome.ending,
        ending_reason=redact(outcome.reason) if outcome.reason else None,
        body_end=body_end,
        error=failure,
        finish_reasons=[redact(reason) for _, reason in sorted(decoder.tally.finish_reasons.items())],
        incomplete=decoder.tally.incomplete,
        text=redact(decoder.tally.answer.text_of(DeltaKind.TEXT)),
        reasoning=redact(decoder.tally.answer.text_of(DeltaKind.REASONING)),
        refusal=redact(decoder.tally.answer.text_of(DeltaKind.REFUSAL)),
        tool_calls=[
            ToolCallReport(call.choice, redact(call.name), redact(call.arguments.getvalue()))
            for call in decoder.tally.answer.tool_calls.values()
        ],
        citations=[redact(source) for source in decoder.tally.answer.citations],
        text_is_cut=decoder.tally.answer.is_cut,
        dialect=decoder.dialect.name,
        content_type=head.header("content-type") if head else None,
        events=decoder.tally.meter.events,
        reads=decoder.tally.meter.reads,
        bytes=decoder.body_bytes,
        comments=decoder.tally.comments,
        heartbeats=decoder.tally.heartbeats,
        unknown_events=decoder.tally.unknown_events,
        clock=decoder.tally.meter.clock,
        redirects=[
            RedirectReport(each.status, redact_url(each.url), redact_url(each.location)) for each in redirects or []
        ],
        notes=[redact(note) for note in notes or []],
        metrics=StreamMetrics.of(decoder.tally.meter),
        ending_proven=outcome.ending is not Ending.COMPLETE or decoder.end_is_proven,
        end_mark=redact(mark) if (mark := decoder.end_mark) else None,
        text_at=redact(reading.text_at) if reading and reading.text_at is not None else None,
        text_learned_from=reading.learned_from if reading else None,
    )
