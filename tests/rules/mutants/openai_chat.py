"""Family OAI: chats in five flavours, and completions."""

from tests.rules.mutants import Mutant, mutant
from tests.rules.mutants.openai_edits import (
    finishing,
    in_all,
    in_all_calls,
    in_call,
    in_choice,
    in_chunk,
    in_delta,
    lose,
    never_finishing,
    put,
    usage_in_every_chunk,
    usage_with_the_finish,
)
from tests.support.takes import QUICK, Edit, Take, both, double, drop, event_with, everywhere, insert, swap

CHATS = ("openai-chat", "openrouter", "vllm", "llamacpp", "mistral")
IN_FRAGMENTS = ("openai-chat", "openrouter", "vllm", "llamacpp")  # Mistral's calls come whole
COUNTED_LAST = (*IN_FRAGMENTS, "openai-completions")
TOOLS = f"{QUICK},tools=1"
TWO_TOOLS = f"{QUICK},tools=2"
TWO = {"n": 2}


def role_of(name: str) -> int:
    """Where the chunk with the role is; OpenRouter has a comment before it."""
    return 1 if name == "openrouter" else 0


def late(index: int, **delta: str) -> Edit:
    """With one more chunk of the first choice behind this one."""
    finish = both(in_choice(index + 1, put(finish_reason=None)), in_delta(index + 1, put(**delta)))
    return both(double(index), finish, in_chunk(index + 1, put(usage=None)))


def chat(name: str) -> list[Mutant]:
    """What can be broken in a chat of any flavour."""
    token, finish = role_of(name) + 2, role_of(name) + 4
    other_finish = both(double(finish), in_choice(finish + 1, put(finish_reason="length")))
    one = [
        ("another id", in_chunk(token, put(id="other")), "OAI001"),
        ("another id at the finish", in_chunk(finish, put(id="last")), "OAI001"),
        ("another object", in_chunk(token, put(object="chat.completion")), "OAI001"),
        ("no role", drop(role_of(name)), "OAI002"),
        ("an empty role", in_delta(role_of(name), put(role="")), "OAI002"),
        ("it finishes twice", double(finish), "OAI003"),
        ("it finishes for two reasons", other_finish, "OAI003"),
        ("a token after the finish", swap(finish - 1, finish), "OAI003"),
        ("reasoning after the finish", late(finish, reasoning_content="hm"), "OAI003"),
        ("a reason in capitals", finishing("STOP"), "OAI003"),
        ("an unknown reason", finishing("completed"), "OAI003"),
        ("it finishes in every chunk", in_all(put(finish_reason="stop")), "OAI003"),
        ("it never finishes", drop(finish), "OAI007"),
        ("the reason is null", finishing(None), "OAI007"),
        ("nothing but [DONE]", lambda blocks: blocks[-1:], "OAI007"),
    ]
    two = [
        ("the second of two choices never finishes", never_finishing(1), "OAI007"),
        ("neither of two choices finishes", finishing(None), "OAI007"),
        ("the second of two choices has no role", drop(role_of(name) + 1), "OAI002"),
    ]
    return [
        *[mutant(f"{name}: {what}", Take(name, edit=edit), rule) for what, edit, rule in one],
        *[mutant(f"{name}: {what}", Take(name, edit=edit, data=TWO), rule) for what, edit, rule in two],
    ]


def tools(name: str) -> list[Mutant]:
    """What can be broken in tool calls that come in fragments."""
    first = role_of(name) + 1
    many = [
        ("a call without id", in_call(first, lose("id")), "OAI004"),
        ("a call whose id is empty", in_call(first, put(id="")), "OAI004"),
        ("a call without type", in_call(first, lose("type")), "OAI004"),
        ("a call without name", in_call(first, lambda call: call["function"].pop("name")), "OAI004"),
        ("a call without function", in_call(first, lose("function")), "OAI004"),
        ("a call's beginning is lost", drop(first), "OAI004"),
        ("no fragment has an index", in_all_calls(lose("index")), "OAI004"),
        ("a fragment's index is a word", in_call(first, put(index="0")), "OAI004"),
        ("every fragment is named", in_all_calls(lambda call: call["function"].update(name="f")), "OAI004"),
        ("the id comes again and again", in_all_calls(put(id="call_1")), "OAI010"),
        ("it calls, and finishes with stop", finishing("stop"), "OAI011"),
    ]
    mixed = everywhere(b'"index":1', b'"index":0')
    return [
        *[mutant(f"{name}: {what}", Take(name, TOOLS, edit=edit), rule) for what, edit, rule in many],
        mutant(f"{name}: two calls under one index", Take(name, TWO_TOOLS, edit=mixed), "OAI004", "JSON005"),
        mutant(f"{name}: tool_calls without a call", Take(name, f"{QUICK},finish=tool_calls"), "OAI011"),
    ]


def usage(name: str) -> list[Mutant]:
    """What can be broken about usage that was asked for."""
    many = [
        ("no usage", drop(-2), "OAI006"),
        ("usage before the finish", swap(-2, -3), "OAI006"),
        ("usage in every chunk", usage_in_every_chunk, "OAI006"),
    ]
    if name != "openrouter":
        many.append(("usage with the finish", usage_with_the_finish, "OAI006"))
    return [mutant(f"{name}: {what}", Take(name, edit=edit), rule) for what, edit, rule in many]


AZURE_FIRST = event_with(
    {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
)
AZURE_LATER = event_with(
    {"id": "", "object": "", "created": 0, "model": "", "choices": [
        {"index": 0, "finish_reason": None, "delta": {}, "content_filter_offsets": {"check_offset": 0}}]}
)  # fmt: skip
AZURE_WITHOUT_DELTA = event_with(
    {"id": "", "object": "", "created": 0, "model": "", "choices": [
        {"index": 0, "finish_reason": None, "content_filter_offsets": {"check_offset": 0}, "content_filter_results": {}}]}
)  # fmt: skip
MODERATION = event_with(
    {
        "id": "",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "",
        "choices": [],
        "moderation": {"flagged": False},
    }
)
COMPLETIONS = [
    ("a chunk of a chat", in_chunk(1, put(object="chat.completion.chunk")), "OAI008"),
    ("another id", in_chunk(1, put(id="other")), "OAI008"),
    ("it finishes twice", double(3), "OAI003"),
    ("a token after the finish", swap(2, 3), "OAI003"),
    ("an unknown reason", finishing("max_tokens"), "OAI003"),
    ("it never finishes", drop(3), "OAI007"),
    ("another model", in_chunk(1, put(model="other")), "OAI009"),
]
# What others are known to send: no error may speak.
OTHERS = [
    mutant("Azure: what its filters found", Take("openai-chat", edit=insert(0, AZURE_FIRST))),
    mutant("Azure: what its filters found later", Take("openai-chat", edit=insert(-2, AZURE_LATER))),
    mutant("TGI: empty ids", Take("openai-chat", edit=both(*(in_chunk(index, put(id="")) for index in range(6))))),
    mutant("TGI: a reason of its own", Take("openai-chat", edit=finishing("eos_token"))),
    mutant("DeepSeek: out of resources", Take("openai-chat", edit=finishing("insufficient_system_resource")), "OAI013"),
    mutant("Z.ai: the network failed", Take("openai-chat", edit=finishing("network_error")), "OAI013"),
    mutant("Z.ai: sensitive", Take("openai-chat", edit=finishing("sensitive"))),
    mutant("Moonshot: usage in the choice", Take("openai-chat", edit=in_chunk(4, lambda chunk: chunk["choices"][0].update(
        usage={"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4})))),
    mutant("Azure: what its filters found, without a delta", Take("openai-chat", edit=insert(-2, AZURE_WITHOUT_DELTA))),
    mutant("a report of moderation behind the usage", Take("openai-chat", edit=insert(-1, MODERATION))),
    mutant("reasoning in two fields", Take("openai-chat", edit=in_chunk(1, lambda chunk: chunk["choices"][0]["delta"].update(
        reasoning="Hm", reasoning_content="Hm"))), "OAI012"),
    mutant("events with names", Take("openai-chat", edit=everywhere(b"data: {", b"event: chunk\ndata: {")), "JSON008"),
    mutant("vLLM: aborted", Take("vllm", edit=finishing("abort"))),
    mutant("Mistral: over the model's length", Take("mistral", edit=finishing("model_length"))),
    mutant("llama.cpp: each chunk has its time", Take("llamacpp", edit=in_chunk(2, put(created=7)))),
    mutant("OpenRouter: finishes again with usage", Take("openrouter", edit=in_chunk(-2, put(
        choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "stop"}])))),
    mutant("Groq: usage of its own", Take("openai-chat", edit=in_chunk(4, put(x_groq={"usage": {"total_tokens": 1}})))),
    mutant("LiteLLM: ids and names are null later", Take("openai-chat", TOOLS, edit=in_call(2, put(id=None, type=None)))),
    mutant("OpenAI: stop after a forced call", Take("openai-chat", TOOLS, edit=finishing("stop"))),
]  # fmt: skip
MUTANTS = [
    *[each for name in CHATS for each in chat(name)],
    *[each for name in IN_FRAGMENTS for each in tools(name)],
    *[each for name in COUNTED_LAST for each in usage(name)],
    *[mutant(f"openai-completions: {what}", Take("openai-completions", edit=edit), rule) for what, edit, rule in COMPLETIONS],
    mutant("openai-chat: another time", Take("openai-chat", edit=in_chunk(2, put(created=7))), "OAI009"),
    mutant("openai-chat: another model", Take("openai-chat", edit=in_chunk(3, put(model="other"))), "OAI009"),
    *OTHERS,
]  # fmt: skip
