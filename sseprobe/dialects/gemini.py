"""`gemini`: Google Gemini's `:streamGenerateContent?alt=sse`.

Source: ai.google.dev/api/generate-content; types of google-genai 3.4.0. There is no terminator: the stream is complete
when the last response of each candidate has a `finishReason`, or the prompt was blocked. Old models put STOP in every
response, so the last one counts.
"""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from sseprobe.dialects.base import (
    FILTERED,
    LENGTH,
    MAX_PARTS,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
    as_count,
    as_dict,
    as_list,
    as_text,
    citation,
    error_of,
    post,
    texts,
    unknown,
)
from sseprobe.dialects.traits import Trait, Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event
from sseprobe.text import to_json

_INCOMPLETE: Final = {
    "MAX_TOKENS": LENGTH,
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
        ),
        FILTERED,
    ),
}
_UNSPECIFIED: Final = "FINISH_REASON_UNSPECIFIED"
_KNOWN: Final = frozenset({"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"})
_OWN: Final = frozenset({"promptFeedback", "usageMetadata"})
_OUTPUT: Final = ("candidatesTokenCount", "thoughtsTokenCount")
_INPUT: Final = ("promptTokenCount", "toolUsePromptTokenCount")
_MODEL: Final = re.compile(r"/models/(?P<model>.+)(?=:streamGenerateContent$)")


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A streaming request. The model stands in the path; without `alt=sse` the answer would be a JSON array."""
    parts = urlsplit(url)
    path = parts.path
    if model is not None:
        path = _MODEL.sub(lambda _: f"/models/{quote(model, safe='/=,@.')}", path)
    query = parts.query
    if "alt" not in dict(parse_qsl(query, keep_blank_values=True)):
        query = f"{query}&alt=sse" if query else "alt=sse"
    asked = parts._replace(path=path, query=query).geturl()
    return post(asked, {"contents": [{"role": "user", "parts": [{"text": prompt}]}]})


def recognises(event: Event, value: Any) -> bool:
    """Whether the event is a GenerateContentResponse."""
    del event
    fields = as_dict(value)
    if not _OWN.isdisjoint(fields) or fields.get("candidates") == []:
        return True
    first = as_dict((as_list(fields.get("candidates")) or [None])[0])
    return "content" in first or "finishReason" in first


class Decoder:
    """Counts function calls, which come whole and without a number; remembers the candidates, and the usage."""

    def __init__(self) -> None:
        self._calls = 0
        self._seen: set[int] = set()
        self._counts: dict[str, int] = {}

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        """Event -> deltas: for each candidate its parts, citations, finish; then usage, block reason, error."""
        if not isinstance(value, dict):
            return (unknown(event, value),)
        deltas: list[Delta] = []
        if error := value.get("error"):
            fields = as_dict(error)
            deltas.append(error_of({**fields, "type": fields.get("status")} if fields else error))
        for position, candidate in enumerate(as_list(value.get("candidates"))):
            if isinstance(candidate, dict):
                index = as_count(candidate.get("index"))
                self._candidate(candidate, position if index is None else index, deltas)
        if reason := as_text(as_dict(value.get("promptFeedback")).get("blockReason")):
            deltas += (Delta(DeltaKind.OPEN), Delta(DeltaKind.FINISH, reason, incomplete=FILTERED))
        if usage := as_dict(value.get("usageMetadata")):
            deltas.append(self._usage(usage))
        if not deltas and _KNOWN.isdisjoint(value):
            deltas.append(unknown(event, value))
        return tuple(deltas)

    def _usage(self, usage: dict[str, Any]) -> Delta:
        """Thoughts are counted apart from candidates, and what server-side tools read apart from the prompt. A count
        that a later response leaves out stays.
        """
        for name in (*_OUTPUT, *_INPUT):
            if (count := as_count(usage.get(name))) is not None:
                self._counts[name] = count
        output, read = (
            sum(self._counts.get(name, 0) for name in names) if any(name in self._counts for name in names) else None
            for names in (_OUTPUT, _INPUT)
        )
        return Delta(DeltaKind.USAGE, output_tokens=output, input_tokens=read)

    def _candidate(self, candidate: dict[str, Any], index: int, deltas: list[Delta]) -> None:
        parts = [part for part in as_list(as_dict(candidate.get("content")).get("parts")) if isinstance(part, dict)]
        # What comes after a finish opens the candidate again only if it adds to the answer.
        if index not in self._seen or any(part.get("text") or part.get("functionCall") for part in parts):
            deltas.append(Delta(DeltaKind.OPEN, choice=index))
            if len(self._seen) < MAX_PARTS:
                self._seen.add(index)
        for part in parts:
            kind = DeltaKind.REASONING if part.get("thought") is True else DeltaKind.TEXT
            deltas += texts(kind, part.get("text"), index)
            if isinstance(call := part.get("functionCall"), dict):
                name, arguments = as_text(call.get("name")) or "?", to_json(call.get("args") or {})
                deltas.append(Delta(DeltaKind.TOOL_CALL, arguments, choice=index, call=self._calls, name=name))
                self._calls += 1
        metadata = as_dict(candidate.get("citationMetadata"))
        sources = as_list(metadata.get("citationSources") or metadata.get("citations"))
        grounding = as_list(as_dict(candidate.get("groundingMetadata")).get("groundingChunks"))
        deltas += [citation(source) for source in sources]
        deltas += [citation(as_dict(chunk).get("web")) for chunk in grounding]
        reason = as_text(candidate.get("finishReason"))
        if reason in ("", _UNSPECIFIED):
            return
        # Whatever is not STOP says that something is missing (MALFORMED_FUNCTION_CALL, OTHER, …).
        incomplete = None if reason == "STOP" else _INCOMPLETE.get(reason, reason.lower().replace("_", "-"))
        deltas.append(Delta(DeltaKind.FINISH, reason, choice=index, incomplete=incomplete))


DIALECT = Dialect(
    name="gemini",
    wire=Wire.GEMINI,
    path="/v1beta/models/mock:streamGenerateContent",
    paths=(":streamGenerateContent",),
    end_rule=EndRule.FINISH,
    terminator="finishReason",
    request=build_request,
    key_header=lambda key: ("x-goog-api-key", key),
    recognises=recognises,
    decoder=lambda: Decoder().decode,
    traits=frozenset({Trait.NAMELESS_EVENTS, Trait.NAMES_MATTER, Trait.TYPED_ERRORS}),
)
