"""Family GEM."""

import json
from typing import Any

from tests.rules.mutants import Mutant, mutant
from tests.rules.mutants.edits import lose
from tests.support.takes import QUICK, Blocks, Edit, Take, append, changed, everywhere, insert, replace

TOOLS = f"{QUICK},tools=2"
# Three tokens (0 to 2), then the finish; in TOOLS two calls, then the finish.


def plain(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer in text."""
    return mutant(f"gemini: {name}", Take("gemini", edit=edit), *rules)


def tools(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer that calls two tools."""
    return mutant(f"gemini: {name}", Take("gemini", TOOLS, edit=edit), *rules)


def event(value: Any) -> bytes:
    """One event."""
    return b"data: " + json.dumps(value).encode() + b"\r\n\r\n"


def candidate(at: int, **fields: Any) -> Edit:
    """With these fields in the candidate."""
    return changed(at, lambda each: each["candidates"][0].update(fields))


def call(**fields: Any) -> Edit:
    """With these fields in the first call."""
    return changed(0, lambda each: each["candidates"][0]["content"]["parts"][0]["functionCall"].update(fields))


def blocked(blocks: Blocks) -> Blocks:
    """What comes of a prompt that is refused."""
    del blocks
    return [event({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 1}})]


MUTANTS = [
    plain("usage_metadata", replace(1, b'"usageMetadata"', b'"usage_metadata"'), "GEM001"),
    plain("prompt_token_count", everywhere(b'"promptTokenCount"', b'"prompt_token_count"'), "GEM001"),
    plain("response_id", everywhere(b'"responseId"', b'"response_id"'), "GEM001"),
    plain("finish_reason", replace(3, b'"finishReason"', b'"finish_reason"'), "GEM001", "TRM001"),
    tools("function_call", replace(0, b'"functionCall"', b'"function_call"'), "GEM001"),
    plain("a list of responses", changed(1, lambda each: [each]), "GEM001"),
    plain("a bare string", changed(1, lambda _: "Hi"), "GEM001"),
    plain("OpenAI's chunk", insert(1, event({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})), "GEM001"),
    plain("an empty object in a list", insert(1, event([{}])), "GEM001"),
    plain("fields of an app's own", changed(1, lambda each: each.update(my_field=1))),
    plain("only usage", insert(1, event({"usageMetadata": {"promptTokenCount": 1}}))),
    plain("only the model's version", insert(0, event({"modelVersion": "gemini-3", "responseId": "r"}))),
    plain("[DONE]", append(b"data: [DONE]\r\n\r\n"), "GEM004"),
    plain("[DONE] before the finish", insert(3, b"data: [DONE]\r\n\r\n"), "GEM004"),
    plain("candidates is an object", changed(1, lambda each: each.update(candidates=each["candidates"][0])), "GEM005"),
    plain("content is a string", candidate(1, content="Hi"), "GEM005"),
    plain("parts is an object", candidate(1, content={"parts": {"text": "Hi"}}), "GEM005"),
    plain("a part is a string", candidate(1, content={"parts": ["Hi"]}), "GEM005"),
    plain("text is a number", candidate(1, content={"parts": [{"text": 5}]}), "GEM005"),
    plain("no content at the finish", lose(3, "candidates", 0, "content")),
    plain("parts is null", candidate(3, content={"role": "model", "parts": None})),
    plain("a signature of thoughts", candidate(1, content={"parts": [{"text": "Hi", "thoughtSignature": "YQ=="}]})),
    tools("arguments are a string", call(args='{"city": "Rome"}'), "GEM006"),
    tools("arguments are a list", call(args=["Rome"]), "GEM006"),
    tools("a call without a name", call(name=None), "GEM006"),
    tools("a call is a string", candidate(0, content={"parts": [{"functionCall": "get_weather()"}]}), "GEM006"),
    tools("a call without arguments", call(args=None)),
    tools("a call in pieces", candidate(1, content={"parts": [{"functionCall": {"willContinue": False}}]})),
    plain("stop in small letters", replace(3, b'"STOP"', b'"stop"'), "GEM007"),
    tools("OpenAI's finish reason", replace(2, b'"STOP"', b'"tool_calls"'), "GEM007"),
    plain("a finish reason to come", replace(3, b'"STOP"', b'"POEM_TOO_LONG"')),
    plain("STOP in each response", everywhere(b'"index":0}', b'"index":0,"finishReason":"STOP"}')),
    plain("the prompt is refused", blocked),
    mutant("gemini: an error in mid-stream", Take("gemini", f"{TOOLS},fault=error@1")),
    mutant("gemini: thoughts and citations", Take("gemini", f"{QUICK},reasoning=2,citations=1")),
]
