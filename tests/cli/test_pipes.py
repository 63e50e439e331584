"""Standard output whose reader has gone, as behind `| head -1`."""

import io
import os
import sys

import pytest

from sseprobe.cli.pipes import survive_closed_pipes


@pytest.mark.parametrize("buffered", [True, False])
def test_writing_to_a_closed_pipe_changes_nothing(buffered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    raw = io.FileIO(writing, "wb")
    out = io.TextIOWrapper(io.BufferedWriter(raw) if buffered else raw, "utf-8", write_through=not buffered)
    monkeypatch.setattr(sys, "stdout", out)
    survive_closed_pipes()
    print("first", flush=True)
    assert os.read(reading, 100) == b"first\n"
    os.close(reading)
    print("x" * 200_000, flush=True)
    print("last", flush=True)
    sys.stdout.close()
    out.close()


def test_what_is_not_the_processs_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    captured = io.StringIO()
    monkeypatch.setattr(sys, "stdout", captured)
    survive_closed_pipes()
    assert sys.stdout is captured
