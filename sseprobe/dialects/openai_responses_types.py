"""The types of OpenAI Responses' events: one table for the decoder, for recognition and for the rules.

Source: types of the openai Python package 3.54.0, `types/responses/`: all that `ResponseStreamEvent` unites.
"""

from typing import Final

from sseprobe.dialects.shapes import Fields, Shapes, type_in

_REQUIRED: Final = """
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
"""Type of event, and its required fields."""

_FIELD_TYPES: Final = {
    "output_index": "number", "content_index": "number", "summary_index": "number", "annotation_index": "number",
    "item_id": "string", "delta": "string", "text": "string", "arguments": "string", "refusal": "string",
    "message": "string", "response": "object", "item": "object", "part": "object",
}  # fmt: skip
_NESTED_ERROR: Final = "error, nested"


def _table() -> dict[str, dict[str, str]]:
    table = {}
    for line in _REQUIRED.strip().split("\n"):
        name, *fields = line.split()
        table[name] = {field: _FIELD_TYPES.get(field, "any") for field in fields}
    # Its delta is an object: what came on either output (openai 3.54, ResponseShellCallOutputContentDeltaEvent).
    table["response.shell_call_output_content.delta"]["delta"] = "any"
    return table


def _type_of(fields: Fields) -> str:
    kind = type_in(fields)
    return _NESTED_ERROR if kind == "error" and isinstance(fields.get("error"), dict) else kind


_TABLE: Final = _table()
KNOWN: Final = frozenset(_TABLE)
"""All types of events."""

# As api.openai.com sends it (openai/openai-dotnet#881); the documentation has the error's fields beside the type.
SHAPES: Final = Shapes(_type_of, {**_TABLE, _NESTED_ERROR: {"error": "object", "error.message": "string"}})
