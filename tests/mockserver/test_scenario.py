"""The knobs: what they mean, where they may stand, and which word counts."""

import msgspec
import pytest

from mockserver.generation import cut_at_spaces, plan, planned
from mockserver.scenario import Fault, Scenario, ScenarioError, of_request, parse

DEFAULT = Scenario()


@pytest.mark.parametrize(
    ("spec", "changes"),
    [
        ("", {}),
        ("tokens=5", {"tokens": 5}),
        (" tokens=5 , itl_ms=2.5,", {"tokens": 5, "itl_ms": 2.5}),
        ("tokens=5,tokens=6", {"tokens": 6}),
        ("text=a%2Cb%3Dc%2Fd+e%20f", {"text": "a,b=c/d+e f"}),
        ("text=", {"text": ""}),
        ("fault=truncate@7", {"fault": Fault("truncate", 7)}),
        ("fault=truncate", {"fault": Fault("truncate", 5)}),
        ("fault=no-terminator", {"fault": Fault("no-terminator", 0)}),
        (
            "ttft_ms=0,jitter_ms=1e1,seed=-4,heartbeat_s=0.5",
            {"ttft_ms": 0, "jitter_ms": 10, "seed": -4, "heartbeat_s": 0.5},
        ),
    ],
)
def test_parse(spec: str, changes: dict[str, object]) -> None:
    assert parse(spec, DEFAULT) == msgspec.structs.replace(DEFAULT, **changes)


@pytest.mark.parametrize(
    "spec",
    ["tokens", "tokens=", "tokens=x", "tokens=-1", "tokens=1.5", "tokens=99999999999", "itl_ms=nan", "itl_ms=inf",
     "itl_ms=-1", "ttft_ms=1e99", "seed=x", "seed=1.0", "fault=nonsense", "fault=cut@x", "fault=cut@-1", "foo=1", "=1",
     "tokens=١"],
)  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(spec: str) -> None:
    with pytest.raises(ScenarioError, match="="):
        parse(spec, DEFAULT)


def test_header_beats_query_beats_model_beats_defaults() -> None:
    base = parse("tokens=1,ttft_ms=1,itl_ms=1,seed=9", DEFAULT)
    asked = of_request({"x-mock": "tokens=4"}, "a=b&mock=tokens=3,itl_ms=3", "mock/tokens=2,itl_ms=2,ttft_ms=2", base)
    assert (asked.tokens, asked.itl_ms, asked.ttft_ms, asked.seed) == (4, 3, 2, 9)


@pytest.mark.parametrize(
    "query", ["mock=text=a%2Cb+c,tokens=3", "mock=text%3Da%252Cb%2Bc%2Ctokens%3D3", "x=1&mock=text=a%2Cb+c,tokens=3&y"]
)
def test_the_query_by_hand_and_by_a_client(query: str) -> None:
    asked = of_request({}, query, None, DEFAULT)
    assert (asked.text, asked.tokens) == ("a,b+c", 3)


@pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4o", "a/b/c", None, 5])
def test_a_model_without_knobs_is_just_a_model(model: object) -> None:
    assert of_request({}, "", model, DEFAULT) == DEFAULT


@pytest.mark.parametrize("text", ["a b c", "  a  b ", "", " ", "one", "a\nb\tc", "ends \n", "é\u3000x"])
def test_tokens_are_cut_at_spaces_and_join_to_the_text(text: str) -> None:
    tokens = cut_at_spaces(text)
    assert "".join(tokens) == text
    assert all(tokens)
    assert list(plan(Scenario(text=text))) == tokens


@pytest.mark.parametrize(("tokens", "text"), [(0, ""), (1, "a"), (2, "a b"), (3, "a b a"), (5, "a b a b a")])
def test_text_is_repeated_or_cut_to_tokens(tokens: int, text: str) -> None:
    scenario = Scenario(text="a b", tokens=tokens)
    assert "".join(plan(scenario)) == text
    assert planned(scenario) == tokens == len(list(plan(scenario)))


def test_the_story_is_seeded() -> None:
    def story(seed: int, choice: int = 0) -> list[str]:
        return list(plan(Scenario(seed=seed, tokens=50), choice))

    assert story(1) == story(1)
    assert story(1) != story(2)
    assert story(1) != story(1, choice=1)
    assert len(list(plan(Scenario()))) == planned(Scenario()) == 200
    assert all(story(1))
