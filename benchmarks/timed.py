"""A command with a report, timed from the start to the end of its process."""

import json
import subprocess
import sys
import time
from typing import Any


def timed(*words: str) -> tuple[float, Any]:
    """Seconds, and the report."""
    command = [sys.executable, "-m", "sseprobe", *words, "--report", "json", "-q"]
    began_s = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True)
    return time.monotonic() - began_s, json.loads(done.stdout)
