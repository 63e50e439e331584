"""What each SDK makes of each fault, as a table for docs/sdks.md. Made by `scripts/sdk_table`; a test keeps it true."""

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from mockserver.faults import FAULTS
from tests.support.sdks import SDKS

ROOT = Path(__file__).parents[2]
TOKENS = 12
PATIENCE_S = 8.0
IMPORT_S = 120
HEADING = "| fault | " + " | ".join(SDKS) + " |"


def not_installed() -> list[str]:
    """The packages that are not installed."""
    return sorted({sdk.package for sdk in SDKS.values() if sdk.version() is None})


def versions() -> str:
    """What was run, as one line."""
    named = {f"{sdk.package} {sdk.version()}" for sdk in SDKS.values()}
    return f"Python {'.'.join(platform.python_version_tuple()[:2])}; {', '.join(sorted(named))}"


def table(url: str) -> str:
    """The whole table, made by a process of its own."""
    words = [sys.executable, "-m", "tests.support.sdk_table", url]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=170)
    return done.stdout.strip()


def rows(url: str) -> Iterator[str]:
    """The table's lines: a row for each fault, a column for each SDK."""
    whole = [text for text, _ in _texts(url, "", IMPORT_S)]  # the first time they are imported too
    yield HEADING
    yield "|---" * (len(SDKS) + 1) + "|"
    for fault in FAULTS:
        if fault != "slow-first":  # which no client takes amiss
            cells = [_cell(*got, text) for got, text in zip(_texts(url, f",fault={fault}"), whole, strict=True)]
            yield f"| `{fault}` | {' | '.join(cells)} |"


def _cell(text: str, error: str | None, whole: str) -> str:
    if error is not None:
        return error
    text = text.replace("\u2028\u0085", "")
    return "all of it" if text == whole else f"silent: {len(text.split())} of {TOKENS} tokens"


def _texts(url: str, more: str, patience_s: float = PATIENCE_S) -> list[tuple[str, str | None]]:
    """The text each SDK delivers, and what it raises or that it hangs; all of them at the same time."""
    knobs = f"tokens={TOKENS},seed=3,itl_ms=1,ttft_ms=1{more}"
    outcomes: dict[str, tuple[str, str | None]] = {}

    def run(name: str) -> None:
        got: list[str] = []
        try:
            for kind, _, text in SDKS[name].stream(url, knobs, False):
                got.append(text if kind == "text" else "")
        except Exception as error:
            outcomes[name] = "".join(got), f"raises `{getattr(error, 'name', None) or type(error).__name__}`"
        else:
            outcomes[name] = "".join(got), None

    threads = [threading.Thread(target=run, args=(name,), daemon=True) for name in SDKS]
    for thread in threads:
        thread.start()
    end_s = time.monotonic() + patience_s
    for thread in threads:
        thread.join(max(0.0, end_s - time.monotonic()))
    return [outcomes.get(name, ("", "hangs")) for name in SDKS]


if __name__ == "__main__":  # in a process of its own, since what hangs cannot be ended
    print("\n".join(rows(sys.argv[1])), flush=True)
    os._exit(0)
