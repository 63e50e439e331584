"""What several witnesses show together."""

import pytest

from sseprobe.probes.abort.detection import weigh
from sseprobe.stop_detection.answers import Answer

STOPPED, RUNNING, UNKNOWN = Answer.STOPPED, Answer.RUNNING, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("direct", "indirect", "answer"),
    [
        ([STOPPED], [], STOPPED),
        ([RUNNING], [STOPPED], RUNNING),
        ([STOPPED], [RUNNING], STOPPED),
        ([STOPPED, RUNNING], [], RUNNING),
        ([STOPPED, UNKNOWN], [], STOPPED),
        ([UNKNOWN], [STOPPED], STOPPED),
        ([UNKNOWN], [UNKNOWN], UNKNOWN),
        ([], [STOPPED, RUNNING], UNKNOWN),
        ([], [], UNKNOWN),
    ],
)
def test_direct_evidence_outweighs_indirect(direct: list[Answer], indirect: list[Answer], answer: Answer) -> None:
    shown, contradiction = weigh([*((True, each) for each in direct), *((False, each) for each in indirect)])
    assert shown is answer
    assert (contradiction is not None) == ({STOPPED, RUNNING} <= set(direct))
