"""The parts of the AI SDK's UI message stream: one table for the decoder, for recognition and for the rules.

Source: `uiMessageChunkSchema` of ai 6.0.326 and 7.0.173. `since`: the version that brought a part.
"""

from typing import Any, Final, NamedTuple

from sseprobe.dialects.base import DeltaKind

DATA: Final = "data-"
"""How the types of an app's own parts begin."""

REASONS: Final = ("stop", "length", "content-filter", "tool-calls", "error", "interrupted", "other")
"""Finish reasons; `interrupted` since version 7."""

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "array": (list,),
    "any": (object,),
}
_METADATA: Final = ("providerMetadata",)
_OF_TOOL: Final = ("providerExecuted", "providerMetadata", "toolMetadata", "dynamic")


class Part(NamedTuple):
    """A type of part: its required fields with their JSON types, and its optional ones.

    `text`: what its `delta` adds; `silent`: it says nothing that a report counts.
    """

    required: dict[str, str] = {}  # noqa: RUF012  never changed
    optional: tuple[str, ...] = ()
    text: DeltaKind | None = None
    silent: bool = False
    since: int = 5

    def fits(self, fields: dict[str, Any]) -> bool:
        """Whether a payload has what is required of this part, and no field that it does not know."""
        known = {"type", *self.required, *self.optional}
        return fields.keys() <= known and all(
            name in fields and isinstance(fields[name], _TYPES[kind]) for name, kind in self.required.items()
        )


_ID: Final = {"id": "string"}
_DELTA: Final = {"id": "string", "delta": "string"}
_CALL: Final = {"toolCallId": "string"}
_NAMED_CALL: Final = {"toolCallId": "string", "toolName": "string"}
_FILE: Final = {"url": "string", "mediaType": "string"}

PARTS: Final[dict[str, Part]] = {
    "start": Part(optional=("messageId", "messageMetadata")),
    "start-step": Part(),
    "text-start": Part(_ID, _METADATA, silent=True),
    "text-delta": Part(_DELTA, _METADATA, text=DeltaKind.TEXT),
    "text-end": Part(_ID, (*_METADATA, "citations"), silent=True),
    "reasoning-start": Part(_ID, _METADATA, silent=True),
    "reasoning-delta": Part(_DELTA, _METADATA, text=DeltaKind.REASONING),
    "reasoning-end": Part(_ID, _METADATA, silent=True),
    "tool-input-start": Part(_NAMED_CALL, (*_OF_TOOL, "title", "inputEncoding")),
    "tool-input-delta": Part({**_CALL, "inputTextDelta": "string"}),
    "tool-input-available": Part({**_NAMED_CALL, "input": "any"}, (*_OF_TOOL, "title")),
    "tool-input-error": Part({**_NAMED_CALL, "errorText": "string"}, (*_OF_TOOL, "title", "input")),
    "tool-approval-request": Part(
        {**_CALL, "approvalId": "string"},
        (*_METADATA, "approvalDescriptor", "inputSchemaInput", "signature", "reason", "isAutomatic"),
        silent=True,
        since=6,
    ),
    "tool-approval-response": Part(
        {"approvalId": "string", "approved": "boolean"},
        (*_METADATA, "reason", "providerExecuted"),
        silent=True,
        since=7,
    ),
    "tool-output-available": Part({**_CALL, "output": "any"}, (*_OF_TOOL, "preliminary"), silent=True),
    "tool-output-error": Part({**_CALL, "errorText": "string"}, _OF_TOOL, silent=True),
    "tool-output-denied": Part(_CALL, silent=True, since=6),
    "source-url": Part({"sourceId": "string", "url": "string"}, (*_METADATA, "title")),
    "source-document": Part({"sourceId": "string", "mediaType": "string", "title": "string"}, (*_METADATA, "filename")),
    "file": Part(_FILE, _METADATA, silent=True),
    "reasoning-file": Part(_FILE, _METADATA, silent=True, since=7),
    "custom": Part({"kind": "string"}, _METADATA, silent=True, since=7),
    "steering-message": Part({"id": "string", "parts": "array"}, silent=True, since=7),
    "finish-step": Part(silent=True),
    "reset-step": Part(since=7),
    "message-metadata": Part({"messageMetadata": "any"}),
    "finish": Part(optional=("finishReason", "messageMetadata")),
    "error": Part({"errorText": "string"}),
    "abort": Part(optional=("reason",)),
}
OWN_DATA: Final = Part({"data": "any"}, ("id", "transient"), silent=True)
"""A part of an app's own, whose type begins with `data-`."""

OPTIONAL: Final = frozenset(
    name
    for part in (*PARTS.values(), OWN_DATA)
    for name in part.optional
    if name not in ("messageMetadata", "approvalDescriptor", "inputSchemaInput", "input")
)
"""Optional fields that the schema refuses as null: all but those that hold anything."""


def part_of(kind: str) -> Part | None:
    """What is known of parts of this type, None if no version knows it."""
    return PARTS.get(kind) or (OWN_DATA if kind.startswith(DATA) else None)
