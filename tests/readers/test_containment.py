"""Whatever a reader's process does, the report comes, in time, and nothing stays behind."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from sseprobe import dialects
from sseprobe.dialects import PLAIN
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.readers import by_name, installed
from sseprobe.readers.base import CANARY, OutputShape, Reader
from sseprobe.readers.process import Limits, ReaderProcess
from sseprobe.readers.run import read_all
from sseprobe.report import ReaderReport
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing
from tests.support.requirements import missing

CHUNKS = [b"data: a\n\n", b"data: b\n\n"]
EVENTS = [Event("message", "a", "", 0, 9), Event("message", "b", "", 9, 18)]
QUICK = Limits(read_s=1.0)


def reports(*names: str, limits: Limits | None = None, dialect: str = PLAIN) -> list[ReaderReport]:
    """What is said of these fakes."""
    fakes = [import_module(f"tests.support.fakes.{name}").READER for name in names]
    return read_all(
        CHUNKS,
        EVENTS,
        dialect=dialects.by_name(dialect),
        framing=Framing.SSE,
        content_type="text/event-stream",
        ended_in_error=False,
        readers=fakes,
        limits=limits,
    )


def is_running(pid: int) -> bool:
    """Whether it works still: not gone, and not a zombie that nobody has buried."""
    if shutil.which("ps") is None:
        missing("ps is not installed")
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.fixture(autouse=True)
def _nothing_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert not list(tmp_path.glob("sseprobe-*"))


def test_readers_report_in_order_whatever_the_others_do() -> None:
    found = reports("good", "crashes", "raises", "good")
    assert [(each.reader, each.agrees) for each in found] == [
        ("good", True),
        ("crashes", None),
        ("raises", False),
        ("good", True),
    ]


@pytest.mark.parametrize(
    ("name", "agrees", "said"),
    [
        ("crashes", None, "its process was ended by signal 11"),
        ("exits", None, "its process ended with exit code 3 before the end of the stream"),
        ("raises", False, "raises ValueError: ␛[31mno instead of event 1 (byte 9)"),
        ("leaves", False, "raises SystemExit: bye instead of event 1 (byte 9)"),
        ("garbage", None, "its process printed something other than a result: '␛[2J{]'"),
        ("unfit", None, "it could not be run: TypeError: got an unexpected keyword argument"),
        ("silent", None, "it could not be run: RuntimeError: it delivered nothing of a test stream"),
        ("calls_home", None, "it could not be run: it tried to use the network (socket.connect)"),
    ],
)  # fmt: skip
def test_what_is_said(name: str, agrees: bool | None, said: str) -> None:
    (report,) = reports(name)
    assert (report.agrees, report.differences) == (agrees, [said])


def test_what_a_client_prints_is_not_heard() -> None:
    (report,) = reports("prints")
    assert (report.agrees, report.differences) == (True, [])


def test_one_that_hangs_is_ended_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])  # where it leaves a note
    (report,) = reports("hangs", limits=QUICK)
    assert (report.agrees, report.differences) == (None, ["it did not finish reading the stream within 1 s"])
    left = int((tmp_path / "left-behind").read_text())
    deadline = time.monotonic() + 20
    while is_running(left):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_that_hangs_ends_with_us_too(tmp_path: Path) -> None:
    words = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "  # where it leaves a note
    words += "from tests.readers.test_containment import reports; reports('hangs')"
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    us = subprocess.Popen(
        [sys.executable, "-c", words], env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)}
    )
    note = tmp_path / "left-behind"
    deadline = time.monotonic() + 40
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    us.kill()
    us.wait()
    while is_running(int(note.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shutil.rmtree(next(tmp_path.glob("sseprobe-*")))


def test_one_that_is_not_ready_in_time_is_ended() -> None:
    (report,) = reports("good", limits=Limits(start_s=0.001))
    assert report.agrees is None
    assert report.differences == ["it was not ready to read within 0.001 s"]


def test_one_that_delivers_without_end_is_ended() -> None:
    (report,) = reports("floods", limits=Limits(read_s=600, output_bytes=10_000))
    assert report.agrees is None
    assert report.differences[0].startswith("it delivered more than 10,216 bytes")


def test_a_larger_stream_has_more_time_and_room() -> None:
    limits = Limits(read_s=1, read_s_per_mib=2, output_bytes=5, output_ratio=3)
    assert limits.read_limit_s(3 * 1024 * 1024) == 7
    assert limits.output_limit(10) == 35


def test_it_sees_no_secret_and_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    monkeypatch.setenv("SOME_TOKEN", "hidden")
    (report,) = reports("looks_around")
    assert "'nothing, at home in sseprobe-" in report.differences[0]


def test_a_reader_that_is_not_installed_is_left_out() -> None:
    def read(stream: object) -> Iterator[object]:
        yield stream

    absent = Reader("absent", "no-such-package-anywhere", OutputShape.EVENTS, CANARY, read)
    assert installed.installed_version(absent) is None
    assert installed.installed_version(absent._replace(read=None, script="openai.mjs")) is None
    said = read_all(
        CHUNKS,
        EVENTS,
        dialect=dialects.by_name(PLAIN),
        framing=Framing.SSE,
        content_type=None,
        ended_in_error=False,
        readers=[absent],
    )
    assert said == []


def test_readers_of_other_dialects_are_left_out() -> None:
    fake = import_module("tests.support.fakes.good").READER
    for dialect, framing, there in (
        ("anthropic", Framing.SSE, True),
        ("openai-chat", Framing.SSE, False),
        ("anthropic", Framing.LINES, False),
    ):
        found = read_all(
            [],
            [],
            dialect=dialects.by_name(dialect),
            framing=framing,
            content_type=None,
            ended_in_error=False,
            readers=[fake._replace(dialects=Scope((Wire.ANTHROPIC,)))],
        )
        assert bool(found) is there


def test_one_that_was_killed_before_it_began_does_not_begin(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"")
    process = ReaderProcess(["/no/such/program"], {}, tmp_path)
    process.kill()
    assert process.run(body, 0, Limits()).unfit == "it was interrupted"


def test_killing_from_another_thread_ends_it(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"")
    started = tmp_path / "started"
    os.mkfifo(started)
    process = ReaderProcess(["sh", "-c", "echo >started; exec sleep 600"], {"PATH": os.environ["PATH"]}, tmp_path)

    def kill_when_it_runs() -> None:
        started.read_bytes()
        process.kill()

    killer = threading.Thread(target=kill_when_it_runs)
    killer.start()
    assert process.run(body, 0, Limits()).unfit == "its process was ended by signal 9"
    killer.join()


def test_a_program_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    (report,) = reports("good")
    assert (report.agrees, report.differences) == (None, ["it could not be run: No such file or directory"])


def test_hostile_content_types_reach_no_header() -> None:
    fake = import_module("tests.support.fakes.good").READER
    (report,) = read_all(
        CHUNKS,
        EVENTS,
        dialect=dialects.by_name(PLAIN),
        framing=Framing.SSE,
        content_type="text/event-stream;\r\nX: ☃\x00",
        ended_in_error=False,
        readers=[fake],
    )
    assert report.agrees is True


def test_node_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "openai"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.2.3"}')
    monkeypatch.setenv("NODE_PATH", "")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert installed.node_modules("openai") == tmp_path / "node_modules"
    assert installed.node_modules("no-such-package") is None
    (package / "package.json").write_text("[")
    if shutil.which("node") is None:
        missing("node is not installed")
    assert installed.installed_version(by_name("openai-node")) is None
