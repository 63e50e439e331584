"""Family OLL: Ollama."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import as_count
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.transcription import Transcript

_API: Final = "https://docs.ollama.com/api/streaming"
_OURS: Final = ("ollama",)


@rule("OLL001", Severity.WARNING, Kind.CONFORMANCE, _API, dialects=_OURS)
def counts_in_the_end(stream: Transcript) -> Iterator[Finding]:
    """The last line says why it is done, and counts.

    What it does: looks for `done_reason` and `eval_count` in the line with `"done": true`.
    Why it matters: clients compute tokens a second from it, and tell a limit from the end.
    Good: `{"done": true, "done_reason": "stop", "eval_count": 40, …}`. Bad: `{"done": true}`.
    """
    done = next((message for message in stream.messages if message.fields.get("done") is True), None)
    if done is None:
        raise NotApplicable("no line is done: see TRM001")
    if not isinstance(done.fields.get("done_reason"), str):
        yield Finding("the last line has no done_reason", done.event.span, "done_reason", "none")
    if as_count(done.fields.get("eval_count")) is None:
        yield Finding("the last line has no eval_count", done.event.span, "eval_count", "none")
