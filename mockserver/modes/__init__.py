"""Modes: apps whose behaviour towards a disconnect is known. To add one: a file here, and its line in `MODES`.

Each rogue is a small app that makes one mistake the way people make it; the file is the mistake, and says why it is
one. They serve OpenAI chat completions only.
"""

from typing import Final, NamedTuple

GOOD: Final = "good"


class Mode(NamedTuple):
    """A module with `create_app(defaults, truth)`, and what its app does when a client leaves in mid-stream."""

    module: str
    does: str


MODES: Final = {
    GOOD: Mode("mockserver.app", "stops at once"),
    "leak-sync-gen": Mode(
        "mockserver.modes.leak_sync_gen", "a sync generator is dropped, never closed: the model goes on"
    ),
    "leak-blocking-loop": Mode(
        "mockserver.modes.leak_blocking_loop", "a sync client blocks the event loop: nobody hears the client leave"
    ),
    "leak-queue": Mode("mockserver.modes.leak_queue", "a task of its own fills a queue that nobody empties any more"),
    "leak-swallow": Mode("mockserver.modes.leak_swallow", "the cancellation is swallowed: the rest comes in one burst"),
    "leak-close-on-break-only": Mode(
        "mockserver.modes.leak_close_on_break_only",
        "the model's stream is closed where the poll says so, and cancellation is quicker",
    ),
    "leak-poll-under-middleware": Mode(
        "mockserver.modes.leak_poll_under_middleware", "is_disconnected() is always false behind a BaseHTTPMiddleware"
    ),
    "slow-handler": Mode(
        "mockserver.modes.slow_handler",
        "stops, but is deaf until the first token: the handler waits for it before it answers",
    ),
    "relay": Mode("mockserver.modes.relay", "passes on what OPENAI_BASE_URL streams, and closes it when left"),
    "resumable": Mode("mockserver.modes.resumable", "goes on, as it is meant to: the stream can be resumed"),
}
