"""Family ABT: stopping on disconnect."""

from collections.abc import Iterator
from typing import Final

from sseprobe.rules.base import Finding, Inconclusive, Kind, Severity, rule
from sseprobe.rules.probe_results import Aborts

_ASGI: Final = "https://asgi.readthedocs.io/en/latest/specs/www.html"


@rule("ABT001", Severity.ERROR, Kind.CONFORMANCE, f"{_ASGI}#disconnect-receive-event", of=Aborts)
def stops_on_disconnect(aborts: Aborts) -> Iterator[Finding]:
    """Generation stops when the client disconnects.

    What it does: Aborts the stream and asks the witnesses on the server's side whether generation continued. Without a
    witness the result is inconclusive.
    Why it matters: Tokens generated after a disconnect are wasted, and slots stay occupied.
    Good: The upstream connection is closed within milliseconds of the disconnect.
    Bad: The answer is generated to its end.
    """
    unknown = [trial for trial in aborts.trials if trial.answer == "unknown"]
    for trial in aborts.trials:
        if trial.answer == "running":
            yield Finding(
                "not-stopped",
                f"the server kept generating after the disconnect: {trial.evidence}",
                None,
                "stopped",
                "running",
            )
    if unknown:
        raise Inconclusive(unknown[0].reason or unknown[0].evidence)
