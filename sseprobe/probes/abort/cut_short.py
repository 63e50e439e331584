"""Control streams that look complete, but whose request was cancelled at the provider: the wrong one was aborted."""

from typing import Final

from sseprobe.http_exchange import Ending
from sseprobe.probes.abort.session import Session
from sseprobe.probes.abort.trial import Trial
from sseprobe.stop_detection.judge import calls_since
from sseprobe.units import NS_PER_S, human_ms, ms

_FAR_SHORT: Final = 2


def find_cut_short(session: Session, trial: Trial) -> list[str]:
    """What shows it, one line a stream.

    Either the provider's record: fewer requests completed than streams did. Or a healthy stream, much longer than one
    that ended just after the abort.
    """
    complete = [
        client
        for client in trial.control_clients
        if client.error is None and client.ended_ns is not None and client.run.outcome().ending is Ending.COMPLETE
    ]
    reasons: dict[int, str] = {}
    for watch in session.watches:
        calls = calls_since(watch.samples(), trial.started_ns)
        planned = min((call.planned for call in calls if call.planned), default=0)
        cancelled = len(complete) - sum(not call.running and not call.stopped for call in calls)
        shortest = sorted(complete, key=lambda client: client.deltas)[: max(0, cancelled)] if calls else []
        for client in shortest:
            if client.deltas * _FAR_SHORT < planned:
                reasons[id(client)] = f"ended after {client.deltas} of {planned} tokens: its request was cancelled"
    received = max((reference.received for reference in session.healthy or []), default=0)
    for client in complete:
        soon = 0 <= (client.ended_ns or 0) - (trial.aborted_ns or 0) < NS_PER_S
        if soon and client.deltas * _FAR_SHORT < received and id(client) not in reasons:
            ended = (
                f"ended {human_ms(ms((client.ended_ns or 0) - (trial.aborted_ns or 0)))} after another client aborted"
            )
            reasons[id(client)] = f"{ended}, with {client.deltas} content deltas; a healthy stream had {received}"
    return list(reasons.values())
