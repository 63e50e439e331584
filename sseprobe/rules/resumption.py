"""Family RES: ids, and what a reconnecting client needs."""

import re
from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import DeltaKind
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import WHATWG, Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.rules.probe_results import Resumption
from sseprobe.sse import Fields
from sseprobe.sse.framing import Framing
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_SAFE_BYTES: Final = 128
_FEW_IDS: Final = 3
_UNSAFE: Final = re.compile(r'[\x00-\x08\x0a-\x1f\x7f"():<>?@\[\\\]{}]')
"""CORS-unsafe request-header bytes: https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte"""


@rule("RES001", Severity.WARNING, Kind.CONFORMANCE, f"{WHATWG}#the-last-event-id-header", framing=Framing.SSE)
def has_usable_ids(stream: Transcript) -> Iterator[Finding]:
    """Every event has a unique id that can be sent back.

    What it does: If ids are sent, checks that each event has its own id, that none is repeated, and that each fits into
    Last-Event-ID without a preflight: at most 128 bytes, none of them unsafe. The end mark needs no id.
    Why it matters: An id is the place to resume from. With repeated or missing ids, events are lost or repeated after a
    reconnection.
    Good: `id: 1`, `id: 2`, `id: 3`.
    Bad: `id: 1`, `id: 1`; or an id on every tenth event.
    """
    if not any(block.fields & Fields.ID for block in stream.frames):
        raise NotApplicable("the stream has no ids")
    events = {event.start: event for event in stream.events}
    blocks = [block for block in stream.frames if block.start in events]
    ends = {message.event.start for message, _ in stream.deltas_by_kind[DeltaKind.END]}
    seen: set[str] = set()
    without = []
    for block in blocks:
        event = events[block.start]
        if not block.fields & Fields.ID:
            without.append(event)
            continue
        if event.start in ends:
            continue  # no client resumes after the end
        identifier = event.last_event_id
        if identifier in seen:
            excerpt = one_line(identifier, 60)
            yield Finding("repeated-id", f"the id {excerpt!r} is repeated", event.span, "a unique id", excerpt)
        seen.add(identifier)
        if len(identifier.encode()) > _SAFE_BYTES or _UNSAFE.search(identifier):
            excerpt = one_line(identifier, 60)
            yield Finding(
                "unsafe-id",
                "a page of another origin cannot send this id back",
                event.span,
                "at most 128 safe bytes",
                excerpt,
            )
    if not all(event.start in ends for event in without):
        problem = f"{len(without)} of {len(blocks)} events have no id"
        yield Finding("missing-id", problem, without[0].span, "an id on every event", "none")


@rule("RES003", Severity.INFO, Kind.COMPATIBILITY, f"{WHATWG}#reconnection-time", framing=Framing.SSE)
def does_not_begin_again(stream: Transcript) -> Iterator[Finding]:
    """A finished EventSource stream does not start again.

    What it does: Reports a GET stream that ended cleanly without ids. EventSource reconnects after every end and gets
    the whole stream again, unless the response is 204.
    Why it matters: Every finished answer is generated again every few seconds, as long as the page is open.
    Good: Ids, and `204` once everything was delivered; or POST and fetch.
    Bad: A GET that generates a new answer each time.
    """
    if stream.request is None or stream.request.method != "GET":
        raise NotApplicable("EventSource only sends GET")
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable("the stream did not complete")
    if stream.dialect.event_format is not None and not stream.last_event_id:
        yield Finding(
            "ends-without-ids",
            "the stream ends without ids: EventSource requests it again",
            None,
            "ids, or 204",
            "neither",
        )


@rule("RES002", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#the-last-event-id-header", of=Resumption)
def resumes_without_loss(resumption: Resumption) -> Iterator[Finding]:
    """A reconnection with Last-Event-ID loses and repeats nothing.

    What it does: Aborts a stream with ids midway, reconnects with the last id, and compares the new ids with those of a
    complete stream.
    Why it matters: Ids promise that a client can resume. A client that gets the beginning again shows it twice.
    Good: After `id: 5` the next is `id: 6`.
    Bad: The stream starts again with `id: 1`.
    """
    request = resumption.whole.request
    if request is not None and request.method != "GET":
        raise NotApplicable("the request is not a GET, so clients do not reconnect with Last-Event-ID")
    if resumption.resumed is None:
        status = resumption.answer.status
        if status == 204:
            raise Inconclusive("the server sent 204: the stream has ended, and nothing can be resumed")
        problem = f"{status}" if status is not None else one_line(resumption.answer.problem or "", 200)
        yield Finding("not-resumed", f"the reconnection got {problem}", None, "the rest of the stream", problem)
        return
    whole, seen, came = _ids(resumption.whole), list(resumption.seen), _ids(resumption.resumed)
    doubled = [identifier for identifier in came if identifier in set(seen)]
    if doubled:
        excerpt = ", ".join(one_line(each, 40) for each in doubled[:_FEW_IDS])
        yield Finding(
            "repeated-events",
            f"{len(doubled)} events were repeated after the reconnection",
            None,
            "no event twice",
            f"ids {excerpt}, …",
        )
    if whole[: len(seen)] != seen:
        if doubled:
            return
        raise Inconclusive("each stream has different ids, so the next id is unknown")
    lost = [identifier for identifier in whole[len(seen) :] if identifier not in set(came)]
    if lost:
        excerpt = ", ".join(one_line(each, 40) for each in lost[:_FEW_IDS])
        yield Finding(
            "lost-events",
            f"{len(lost)} events are missing after the reconnection",
            None,
            "every event",
            f"missing ids {excerpt}",
        )


def _ids(stream: Transcript) -> list[str]:
    """The ids in order, each once."""
    return list(dict.fromkeys(event.last_event_id for event in stream.events if event.last_event_id))
