"""Family ABT: whether the server stops when its client leaves."""

from collections.abc import Iterator
from typing import Final

from sseprobe.rules.base import Finding, Inconclusive, Kind, Severity, rule
from sseprobe.rules.probe_results import Aborts

_ASGI: Final = "https://asgi.readthedocs.io/en/latest/specs/www.html"


@rule("ABT001", Severity.ERROR, Kind.CONFORMANCE, f"{_ASGI}#disconnect-receive-event", of=Aborts)
def stops_when_the_client_leaves(aborts: Aborts) -> Iterator[Finding]:
    """Generation stops when the client leaves.

    What it does: hangs up in mid-stream and asks the witnesses on the server's side whether it went on. Without a
    witness nobody can know.
    Why it matters: tokens that no client reads are paid for, and slots stay taken.
    Good: the upstream is closed within milliseconds of the client's leaving. Bad: the answer is generated to its end.
    """
    unknown = [trial for trial in aborts.trials if trial.answer == "unknown"]
    for trial in aborts.trials:
        if trial.answer == "running":
            yield Finding(
                "not-stopped", f"the server went on after its client had left: {trial.said}", None, "stopped", "running"
            )
    if unknown:
        raise Inconclusive(unknown[0].reason or unknown[0].said)
