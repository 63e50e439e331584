"""A trial: one abort, what was opened for it and what came of it."""

from collections import Counter
from collections.abc import Sequence

from sseprobe.http_exchange import Ending
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.client import Client
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.receive import StreamRun
from sseprobe.stop_detection.answers import Detection
from sseprobe.streams.learning import ENOUGH_STREAMS


class Trial:
    """One abort and its result. `reason`: why there is no answer, where no witness gives the reason."""

    def __init__(self, how: AbortKind, at: Phase) -> None:
        self.how = how
        self.at = at
        self.reason: str | None = None
        self.notes: list[str] = []
        self.started_ns = 0
        self.aborted_ns: int | None = None
        self.aborting: list[Client] = []
        """The clients that abort."""
        self.control_clients: list[Client] = []
        """The clients beside them, whose streams must complete."""
        self.detections: list[Detection] = []
        self.busy: list[str | None] = []
        """Why each witness was not idle before, None where it was."""
        self.gap_after_ns: float | None = None
        """Between tokens made after the abort, where a witness counts tokens."""
        self.received_by_all = 0
        """Content deltas of all streams at the abort."""
        self.followup_problem: str | None = None
        """What went wrong with a request after it, where requests had worked before."""
        self.cut_short: list[str] = []
        """Control streams that look complete, but whose request was cancelled at the provider."""

    @property
    def control_failures(self) -> list[str]:
        """How control streams failed after they had begun. A stream that this process ended did not fail."""
        ended = [(client.run, client.run.outcome()) for client in self.control_clients if client.error is None]
        accepted = (Ending.COMPLETE, Ending.ABORTED)
        failures = [f"{outcome.ending}: {outcome.reason}" for _, outcome in ended if outcome.ending not in accepted]
        failures += self._truncated([run for run, outcome in ended if outcome.ending is Ending.COMPLETE])
        return failures + self.cut_short

    def _truncated(self, complete: Sequence[StreamRun]) -> list[str]:
        """Streams of an app's own dialect that ended without the end mark with which enough others ended."""
        marks = Counter(run.decoder.end_mark for run in complete if run.decoder.end_mark is not None)
        mark, count = marks.most_common(1)[0] if marks else (None, 0)
        if count < ENOUGH_STREAMS:
            return []
        unproven = [run for run in complete if not run.decoder.end_is_proven]
        return [f"truncated: it ended without {mark}, with which {count} others ended" for _ in unproven]

    @property
    def refused(self) -> list[str]:
        """Why control streams did not begin."""
        return [str(client.error) for client in self.control_clients if client.error is not None]
