"""What payloads must hold: for each dialect and type of event the required fields, and which JSON they hold.

Only what clients read without asking first. A path is dotted; `name[].x` looks into each object of a list. Sources: the
types of the vendors' Python packages (openai 3.54.0, anthropic 2.12.0, cohere 7.3.1, mistralai 3.7.0, ollama 0.6.3),
Vercel's stream protocol page, @ag-ui/client 1.0.0.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from sseprobe.dialects.vercel_parts import PARTS
from sseprobe.reception import Message
from sseprobe.rules.catalogue import NotApplicable
from sseprobe.transcription import Transcript

_Table = dict[str, dict[str, str]]
"""Type of event -> path -> JSON type."""

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "any": (str, int, float, bool, dict, list, type(None)),
}
_MISSING: Final = object()

_CHUNK: Final = {"id": "string", "choices": "array", "choices[].index": "number", "choices[].delta": "object"}
_OPENAI_CHUNK: Final = {**_CHUNK, "object": "string", "created": "number", "model": "string"}
_COMPLETION: Final = {
    "id": "string", "object": "string", "created": "number", "model": "string",
    "choices": "array", "choices[].index": "number", "choices[].text": "string",
}  # fmt: skip
_ANTHROPIC: Final[_Table] = {
    "message_start": {
        "message": "object", "message.id": "string", "message.role": "string", "message.content": "array",
        "message.model": "string", "message.usage": "object",
    },
    "content_block_start": {"index": "number", "content_block": "object", "content_block.type": "string"},
    "content_block_delta": {"index": "number", "delta": "object", "delta.type": "string"},
    "content_block_stop": {"index": "number"},
    "message_delta": {"delta": "object", "usage": "object"},
    "error": {"error": "object", "error.type": "string", "error.message": "string"},
}  # fmt: skip
_COHERE: Final[_Table] = {
    "message-start": {"delta.message.role": "string"},
    "content-start": {"index": "number", "delta.message.content": "object"},
    "content-delta": {"index": "number", "delta.message.content": "object"},
    "content-end": {"index": "number"},
    "tool-call-start": {"index": "number", "delta.message.tool_calls": "object"},
    "tool-call-delta": {"index": "number", "delta.message.tool_calls": "object"},
    "tool-call-end": {"index": "number"},
    "message-end": {"delta.finish_reason": "string"},
}
_VERCEL: Final[_Table] = {kind: part.required for kind, part in PARTS.items() if part.required}
_AG_UI: Final[_Table] = {
    "RUN_STARTED": {"threadId": "string", "runId": "string"},
    "RUN_FINISHED": {"threadId": "string", "runId": "string"},
    "RUN_ERROR": {"message": "string"},
    "STEP_STARTED": {"stepName": "string"},
    "STEP_FINISHED": {"stepName": "string"},
    "TEXT_MESSAGE_START": {"messageId": "string"},
    "TEXT_MESSAGE_CONTENT": {"messageId": "string", "delta": "string"},
    "TEXT_MESSAGE_END": {"messageId": "string"},
    "TOOL_CALL_START": {"toolCallId": "string", "toolCallName": "string"},
    "TOOL_CALL_ARGS": {"toolCallId": "string", "delta": "string"},
    "TOOL_CALL_END": {"toolCallId": "string"},
    "REASONING_MESSAGE_START": {"messageId": "string"},
    "REASONING_MESSAGE_CONTENT": {"messageId": "string", "delta": "string"},
    "REASONING_MESSAGE_END": {"messageId": "string"},
}
_RESPONSES: Final = """
response.audio.delta delta
response.audio.done
response.audio.transcript.delta delta
response.audio.transcript.done
response.code_interpreter_call_code.delta delta item_id output_index
response.code_interpreter_call_code.done code item_id output_index
response.code_interpreter_call.completed item_id output_index
response.code_interpreter_call.in_progress item_id output_index
response.code_interpreter_call.interpreting item_id output_index
response.compaction.compacting item_id output_index
response.completed response
response.content_part.added content_index item_id output_index part
response.content_part.done content_index item_id output_index part
response.created response
error message
response.file_search_call.completed item_id output_index
response.file_search_call.in_progress item_id output_index
response.file_search_call.searching item_id output_index
response.function_call_arguments.delta delta item_id output_index
response.function_call_arguments.done arguments item_id output_index
response.shell_call_command.added command command_index output_index
response.shell_call_command.delta command_index delta output_index
response.shell_call_command.done command command_index output_index
response.shell_call_output_content.delta command_index delta item_id output_index
response.shell_call_output_content.done command_index item_id output output_index
response.in_progress response
response.failed response
response.incomplete response
response.output_item.added item output_index
response.output_item.done item output_index
response.reasoning_summary_part.added item_id output_index part summary_index
response.reasoning_summary_part.done item_id output_index part summary_index
response.reasoning_summary_text.delta delta item_id output_index summary_index
response.reasoning_summary_text.done item_id output_index summary_index text
response.reasoning_text.delta content_index delta item_id output_index
response.reasoning_text.done content_index item_id output_index text
response.refusal.delta content_index delta item_id output_index
response.refusal.done content_index item_id output_index refusal
response.output_text.delta content_index delta item_id output_index
response.output_text.done content_index item_id output_index text
response.web_search_call.completed item_id output_index
response.web_search_call.in_progress item_id output_index
response.web_search_call.searching item_id output_index
response.image_generation_call.completed item_id output_index
response.image_generation_call.generating item_id output_index
response.image_generation_call.in_progress item_id output_index
response.image_generation_call.partial_image item_id output_index partial_image_b64 partial_image_index
response.mcp_call_arguments.delta delta item_id output_index
response.mcp_call_arguments.done arguments item_id output_index
response.mcp_call.completed item_id output_index
response.mcp_call.failed item_id output_index
response.mcp_call.in_progress item_id output_index
response.mcp_list_tools.completed item_id output_index
response.mcp_list_tools.failed item_id output_index
response.mcp_list_tools.in_progress item_id output_index
response.output_text.annotation.added annotation_index content_index item_id output_index
response.queued response
response.custom_tool_call_input.delta delta item_id output_index
response.custom_tool_call_input.done input item_id output_index
"""
_FIELD_TYPES: Final = {
    "output_index": "number", "content_index": "number", "summary_index": "number", "annotation_index": "number",
    "item_id": "string", "delta": "string", "text": "string", "arguments": "string", "refusal": "string",
    "message": "string", "response": "object", "item": "object", "part": "object",
}  # fmt: skip


_NESTED_ERROR: Final = "error, nested"


def _responses() -> _Table:
    table = {}
    for line in _RESPONSES.split("\n"):
        name, *fields = line.split() or [""]
        table[name] = {field: _FIELD_TYPES.get(field, "any") for field in fields}
    # Its delta is an object: what came on either output (openai 3.54, ResponseShellCallOutputContentDeltaEvent).
    table["response.shell_call_output_content.delta"]["delta"] = "any"
    # As api.openai.com sends it (openai/openai-dotnet#881); the documentation has the error's fields beside the type.
    table[_NESTED_ERROR] = {"error": "object", "error.message": "string"}
    return table


def _responses_type(message: Message) -> str:
    kind = _by_type(message)
    return _NESTED_ERROR if kind == "error" and isinstance(message.fields.get("error"), dict) else kind


def _by_type(message: Message) -> str:
    kind = message.fields.get("type")
    return kind if isinstance(kind, str) else ""


def _openai(message: Message) -> str:
    if _is_azures_filter(message.fields.get("choices")):
        return ""
    return "chunk" if "choices" in message.fields or "object" in message.fields else ""


def _is_azures_filter(choices: Any) -> bool:
    """Whether a chunk holds nothing but what Azure's asynchronous filter found: its choices have no delta
    (learn.microsoft.com/azure/ai-services/openai/concepts/content-streaming).
    """
    return (
        type(choices) is list
        and bool(choices)
        and all(type(each) is dict and "delta" not in each and "content_filter_results" in each for each in choices)
    )


def _ollama(message: Message) -> str:
    fields = message.fields
    if "error" in fields:
        return ""
    return "generate" if "response" in fields else "chat"


_CHAT: Final = (_openai, {"chunk": _OPENAI_CHUNK})
_OLLAMA_COMMON: Final = {"model": "string", "done": "boolean"}
_TABLES: Final[dict[str, tuple[Callable[[Message], str], _Table]]] = {
    "openai-chat": _CHAT,
    "openrouter": _CHAT,
    "vllm": _CHAT,
    "llamacpp": _CHAT,
    "mistral": (_openai, {"chunk": {**_CHUNK, "model": "string"}}),
    "openai-completions": (_openai, {"chunk": _COMPLETION}),
    "openai-responses": (_responses_type, _responses()),
    "anthropic": (_by_type, _ANTHROPIC),
    "cohere": (_by_type, _COHERE),
    "ollama": (
        _ollama,
        {
            "chat": {**_OLLAMA_COMMON, "message": "object", "message.role": "string"},
            "generate": {**_OLLAMA_COMMON, "response": "string"},
        },
    ),
    "vercel-ui": (_by_type, _VERCEL),
    "ag-ui": (_by_type, _AG_UI),
}


class Shape:
    """What one type of event must hold. `fields`: path -> JSON type."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        below: dict[str, dict[str, str]] = {}
        for path, kind in fields.items():
            name, dot, rest = path.partition(".")
            if dot:
                below.setdefault(name.removesuffix("[]"), {})[rest] = kind
        own = {path: kind for path, kind in fields.items() if "." not in path}
        self._parts = [
            (name, frozenset(_TYPES[own.get(name, "object")]), Shape(below[name]) if name in below else None)
            for name in dict.fromkeys([*own, *below])
        ]

    def holds(self, fields: dict[str, Any]) -> bool:
        """Whether nothing is lacking: quicker than asking what."""
        for name, types, below in self._parts:
            value = fields.get(name, _MISSING)
            if type(value) not in types:
                return False
            if below is not None:
                for each in value if type(value) is list else (value,):
                    if type(each) is dict and not below.holds(each):
                        return False
        return True

    def lacking(self, fields: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
        """(path, what it should be, what it is) of each required field that is missing or holds something else.

        Below a part that is missing nothing more is said.
        """
        said: list[str] = []
        for path, kind in self.fields.items():
            if any(path.startswith(prefix) for prefix in said):
                continue
            for value in _values(fields, path.split(".")):
                if type(value) not in _TYPES[kind]:
                    said += [f"{path}.", f"{path}["]
                    yield path, kind, "missing" if value is _MISSING else json_type(value)
                    break


def _values(value: Any, path: list[str]) -> list[Any]:
    """What stands at a path: one value, or one for each object of a list on the way."""
    found = [value]
    for name in path:
        if name.endswith("[]"):
            key = name[:-2]
            lists = [each.get(key) for each in found if type(each) is dict]
            found = [item for each in lists if type(each) is list for item in each]
        else:
            found = [each.get(name, _MISSING) if type(each) is dict else _MISSING for each in found]
    return found


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    return next(name for name, types in _TYPES.items() if type(value) in types)


SHAPES: Final = {
    dialect: (type_of, {name: Shape(fields) for name, fields in table.items()})
    for dialect, (type_of, table) in _TABLES.items()
}
"""Dialect -> what tells the type of an event, and the shapes by type."""


def is_whole(stream: Transcript) -> bool:
    """Whether each payload has what its type requires: else what belongs together cannot be told."""
    if stream.dialect.name not in SHAPES:
        return True
    type_of, table = SHAPES[stream.dialect.name]
    for message in stream.messages:
        shape = table.get(type_of(message)) if message.fields else None
        if shape is not None and not shape.holds(message.fields):
            return False
    return True


def require_whole(stream: Transcript) -> None:
    """Raises NotApplicable where a field is missing that tells which part is meant."""
    if not stream.remembered(is_whole):
        raise NotApplicable("fields are missing that tell what belongs together: see JSON002")
