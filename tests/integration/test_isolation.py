"""The bundled mock is our own, whatever lies in the user's folder or in the packages that PYTHONPATH names."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, environment

TRAPS = ("mockserver/__init__.py", "mockserver/__main__.py", "uvicorn.py", "fastapi.py", "msgspec.py", "asyncio.py")


@pytest.mark.parametrize("by", ["folder", "PYTHONPATH"])
def test_nothing_of_the_users_runs_in_the_mock(by: str, tmp_path: Path) -> None:
    told = tmp_path / "it-ran"
    for trap in TRAPS:
        path = tmp_path / "theirs" / trap
        # What shadows the standard library breaks any Python, ours too, if PYTHONPATH says so.
        if by == "PYTHONPATH" and trap == "asyncio.py":
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"open({str(told)!r}, 'a').write({trap!r})\nraise SystemExit('a trap')\n")
    extra = {"PYTHONPATH": str(tmp_path / "theirs")} if by == "PYTHONPATH" else {}
    # The command itself is Python's to find: a script in the folder's place would be `sseprobe`, with -P here.
    words = [COMMAND[0], "-P", "-c", _RUN, str(Path(__file__).parents[2]), *_ARGUMENTS]
    done = subprocess.run(
        words, cwd=tmp_path / "theirs", env=environment(**extra), capture_output=True, timeout=60, check=False
    )
    assert not told.exists(), (told.read_text(), done.stderr)
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "pass"), done.stderr


_ARGUMENTS = ("stream", "--report", "json")
# As an installed command begins: the packages of the environment come first, PYTHONPATH reaches the mock alone.
_RUN = """
import os, sys
users = os.environ.get("PYTHONPATH")
sys.path[:] = [sys.argv.pop(1), *(path for path in sys.path if path != users)]
from sseprobe.__main__ import main
sys.argv[0] = "sseprobe"
main()
"""
