"""All rules, by family."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Final, NamedTuple

from sseprobe.rules.base import REGISTERED, Finding, Rule, RuleVerdict, judge
from sseprobe.streams.transcript import Transcript


class Family(NamedTuple):
    """A family of rules: the modules it stands in, and what it is about."""

    modules: tuple[str, ...]
    title: str


FAMILIES: Final = {
    "HTTP": Family(("http", "http_requests"), "Response head and framing"),
    "SSE": Family(("sse_lines", "sse"), "Event stream format"),
    "JSON": Family(("payload_syntax", "payloads", "payload_usage"), "Payloads of all dialects"),
    "OAI": Family(("openai_chat", "openai_calls"), "OpenAI Chat Completions and Completions, and compatible servers"),
    "ORS": Family(("openai_responses", "openai_outputs"), "OpenAI Responses"),
    "ANT": Family(("anthropic", "anthropic_blocks"), "Anthropic Messages"),
    "GEM": Family(("gemini",), "Google Gemini"),
    "COH": Family(("cohere",), "Cohere v2"),
    "MIS": Family(("mistral",), "Mistral"),
    "OLL": Family(("ollama",), "Ollama"),
    "VRC": Family(("vercel_ui",), "Vercel UI message stream"),
    "AGU": Family(("ag_ui",), "AG-UI"),
    "APP": Family(("apps",), "An app's own event format"),
    "ERR": Family(("errors", "refusals"), "Error reporting"),
    "TRM": Family(("termination",), "End of the stream"),
    "TIM": Family(("timing",), "Silence and time to first token"),
    "BUF": Family(("buffering",), "Buffering"),
    "RES": Family(("resumption",), "Ids and reconnection"),
    "ABT": Family(("aborts",), "Stopping on disconnect"),
}


@cache
def all_rules() -> tuple[Rule, ...]:
    """The whole catalogue, family by family, by id."""
    return tuple(rule for name in FAMILIES for rule in rules_of(name))


@cache
def rules_of(family: str) -> tuple[Rule, ...]:
    """The rules of one family, by id: `family` is the letters of their ids."""
    for module in FAMILIES[family].modules:
        import_module(f"sseprobe.rules.{module}")
    return tuple(rule for _, rule in sorted(REGISTERED.items()) if rule.family == family)


def wire_rules() -> tuple[Rule, ...]:
    """The rules that need only the bytes of a body, by id."""
    return rules_of("SSE")


def run(rules: Iterable[Rule], stream: Transcript) -> Iterator[tuple[Rule, Finding]]:
    """All findings, rule by rule, at most `MAX_FINDINGS` of each. Raises RuntimeError for a rule that crashes."""
    for each in rules:
        judgement = judge(each, stream)
        if judgement.verdict is RuleVerdict.CRASHED:
            raise RuntimeError(f"{each.id}: {judgement.reason}")
        for finding in judgement.findings:
            yield each, finding
