"""Where the aborts of a sweep are placed."""

import pytest

from sseprobe.probes.abort.phases import FIRST_CONTENT, HEAD
from sseprobe.probes.abort.sweep import spread

MS = 1_000_000


def test_a_sweep_is_dense_around_its_marks() -> None:
    chosen = spread(20, {HEAD: 100 * MS, FIRST_CONTENT: 400 * MS}, 2000 * MS)
    at_ms = [float(phase.word.partition(":")[2]) for phase in chosen]
    assert len(at_ms) == 20
    assert at_ms == sorted(at_ms)
    assert sum(96 <= each <= 112 for each in at_ms) >= 6
    assert sum(396 <= each <= 412 for each in at_ms) >= 6
    assert max(at_ms) < 2000
    for phase, each in zip(chosen, at_ms, strict=True):  # behind a mark: from the stream's own
        if phase.anchor is not None:
            assert each == pytest.approx(
                {HEAD: 100, FIRST_CONTENT: 400}[phase.anchor] + (phase.after_ns or 0) / MS, abs=0.01
            )
    assert {phase.anchor for phase in chosen} == {HEAD, FIRST_CONTENT, None}
    assert len(spread(2, {}, 50 * MS)) == 2
