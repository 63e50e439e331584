"""Modes: apps whose behaviour on a client disconnect is known. To add one: a file here, and its name in `MODES`.

A file has `SUMMARY`, what its app does when a client disconnects in mid-stream, and `create_app(defaults, truth)`. Each
bad app makes one mistake that people make; its file is the mistake, and says why it is one. All but `good` serve OpenAI
chat completions only.
"""

from importlib import import_module
from typing import Final, Protocol

from fastapi import FastAPI

from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

GOOD: Final = "good"
MODES: Final = (
    GOOD,
    "leak-sync-gen",
    "leak-blocking-loop",
    "leak-queue",
    "leak-swallow",
    "leak-close-on-break-only",
    "leak-poll-under-middleware",
    "slow-handler",
    "relay",
    "resumable",
)
"""In the order in which they are listed; the file of `leak-queue` is `leak_queue.py`."""


class Mode(Protocol):
    """What a mode's file has."""

    SUMMARY: str

    @staticmethod
    def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
        """The app, with these defaults, that keeps its record in `truth`."""


def mode(name: str) -> Mode:
    """The mode of this name."""
    module: Mode = import_module(f"{__name__}.{name.replace('-', '_')}")  # type: ignore[assignment]
    return module
