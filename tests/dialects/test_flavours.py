"""A flavour is one `replace(…)` and one line: it is judged, and read, as the dialect that it was made from."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import replace

from sseprobe import dialects, readers
from sseprobe.dialects.base import Dialect
from sseprobe.dialects.traits import Scope
from sseprobe.readers.installed import installed_version
from sseprobe.readers.run import read_all
from sseprobe.rules import RuleVerdict, all_rules, judge
from sseprobe.streams.cassette import Cassette
from sseprobe.streams.transcript import Transcript, transcript_of_cassette
from tests.rules.proofs import all_proofs
from tests.support.cli import Cli
from tests.support.contributing import steps_of
from tests.support.openai import DONE, chunk, error
from tests.support.recordings import Recordings
from tests.support.requirements import missing
from tests.support.takes import Edit, Take, both, changed, edited, event_with, everywhere, insert
from tests.support.takes import replace as replaced

PROOFS = all_proofs()
RECORDINGS = [f"{name}/{kind}" for name in PROOFS for kind in ("good", "bad")]
RULES = [rule for rule in all_rules() if rule.subject is Transcript]
COPY = "a-copy"

Said = dict[str, Any]


def copy_of(name: str) -> Dialect:
    return replace(dialects.by_name(name), name=COPY)


def judged(cassette: Cassette, dialect: Dialect) -> Said:
    """What each rule says of a recording in this dialect."""
    stream = transcript_of_cassette(cassette, dialect, named=True)[1]
    return {rule.id: judge(rule, stream) for rule in RULES}


def as_of(name: str, said: Said) -> str:
    """What was said of the copy, in words about the original."""
    return repr(said).replace(COPY, name)


def failing(said: Said) -> set[str]:
    return {name for name, judgement in said.items() if judgement.verdict is RuleVerdict.FAIL}


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_copy_is_judged_alike(recording: str, recorded: Recordings) -> None:
    cassette = recorded(recording)
    name = cassette.opening.dialect
    assert as_of(name, judged(cassette, copy_of(name))) == repr(judged(cassette, dialects.by_name(name)))


def test_every_dialect_has_recordings() -> None:
    assert {proof.good.dialect for proof in PROOFS.values()} >= set(dialects.NAMES) - {"vllm", "llamacpp"}


def choice(**fields: Any) -> Callable[[Any], None]:
    return lambda value: value["choices"][0].update(fields)


def fields(**fields: Any) -> Callable[[Any], None]:
    return lambda value: value.update(fields)


CALL = {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}
NONSENSE: dict[str, tuple[Edit, set[str]]] = {
    "object": (changed(1, fields(object="nonsense")), {"OAI001"}),
    "object of another type": (changed(1, fields(object=5)), {"JSON002"}),
    "id": (changed(1, fields(id="another")), {"OAI001"}),
    "model": (changed(1, fields(model="another")), {"OAI009"}),
    "index": (changed(1, choice(index="zero")), {"JSON002"}),
    "choices": (changed(1, fields(choices="nonsense")), {"JSON002"}),
    "no delta": (changed(1, lambda value: value["choices"][0].pop("delta") and None), {"JSON002"}),
    "role": (changed(0, choice(delta={"content": ""})), {"OAI002"}),
    "finish": (changed(-3, choice(finish_reason="STOP")), {"OAI003"}),
    "no finish": (changed(-3, choice(finish_reason=None)), {"OAI007"}),
    "call": (changed(1, choice(delta=CALL)), {"OAI004"}),
    "no usage": (changed(-2, fields(usage=None)), {"OAI006"}),
    "name": (insert(1, event_with({**json.loads(chunk("x")[6:]), "id": "x"}, "chunk")), {"JSON008"}),
    "error": (insert(2, error("")), {"ERR002", "ERR003"}),
    "failure": (changed(-3, choice(finish_reason="network_error")), {"OAI013"}),
    "events": (both(*(changed(place, lambda _: {"x": 1}) for place in range(5))), {"OAI007", "JSON007"}),
    "text": (everywhere(b"data: {", b"data: "), {"JSON001"}),
    "end": (replaced(-1, DONE, DONE + b"data: x\n\n"), {"TRM002"}),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_found_in_a_copy(name: str, recorded: Recordings) -> None:
    edit, rules = NONSENSE[name]
    cassette = edited(recorded("OAI001/good"), Take("openai-chat", edit=edit))
    said = judged(cassette, copy_of("openai-chat"))
    assert failing(said) >= rules
    assert as_of("openai-chat", said) == repr(judged(cassette, dialects.by_name("openai-chat")))


@pytest.mark.parametrize("name", dialects.NAMES)
def test_a_copy_has_the_same_rules_and_readers(name: str) -> None:
    def concerning(dialect: Dialect) -> list[str]:
        scopes: list[tuple[str, Scope | None]] = [(rule.id, rule.dialects) for rule in RULES]
        scopes += [(each.name, each.dialects) for each in readers.all_readers()]
        return [each for each, scope in scopes if scope is not None and dialect.is_in(scope)]

    found = concerning(copy_of(name))
    assert found == concerning(dialects.by_name(name))
    assert bool(found) is (name != dialects.PLAIN)


def test_a_copy_is_read_by_the_readers_of_its_wire_form(recorded: Recordings) -> None:
    cassette = recorded("OAI001/good")
    stream = transcript_of_cassette(cassette, copy_of("openai-chat"), named=True)[1]
    reader = readers.by_name("openai")
    if installed_version(reader) is None:
        missing("openai is not installed")
    (report,) = read_all(
        [chunk.data for chunk in cassette.chunks],
        stream.events,
        dialect=stream.dialect,
        framing=stream.framing,
        content_type="text/event-stream",
        ended_in_error=False,
        readers=[reader],
    )
    assert report.agrees is True


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Dialect:
    """The dialect of docs/contributing/dialect.md, in the table."""
    module = ModuleType("an_example")
    exec(steps_of("dialect")[0].code, module.__dict__)
    dialect: Dialect = module.__dict__["DIALECT"]
    monkeypatch.setitem(sys.modules, "an_example", module)
    monkeypatch.setitem(dialects._MODULES, dialect.name, "an_example")
    monkeypatch.setattr(dialects, "NAMES", (*dialects.NAMES, dialect.name))
    return dialect


def test_the_example_is_judged_as_its_wire_form(
    example: Dialect, cli: Cli, recorded: Recordings, tmp_path: Path
) -> None:
    lines = recorded.file("OAI001/good").decode().splitlines(keepends=True)
    for place, old, new in ((4, r"\"created\":", r"\"created\":1"), (5, r"\"index\":0", r"\"index\":\"zero\"")):
        assert old in lines[place]
        lines[place] = lines[place].replace(old, new)
    tape = tmp_path / "tape.jsonl"
    tape.write_text("".join(lines), encoding="utf-8")

    def failing_by(name: str) -> dict[str, Any]:
        result = cli("check", "--from", str(tape), "--dialect", name, "--report", "json")
        assert result.report["target"]["dialect"] == name
        assert result.code == 1
        return {each["rule"]: each["findings"] for each in result.report["results"] if each["verdict"] == "fail"}

    found, expected = failing_by(example.name), failing_by("openai-chat")
    assert found["JSON002"]
    assert expected.pop("OAI009")  # its chunks may have other times: it says so by a trait
    assert found == expected


def test_the_path_of_the_example_tells_it(example: Dialect) -> None:
    assert dialects.by_url(f"http://h{example.path}") is example


def test_the_mocks_part_of_the_example_is_of_the_same_path(example: Dialect) -> None:
    mock: dict[str, Any] = {}
    exec(steps_of("dialect")[2].code, mock)
    assert (mock["API"].name, mock["API"].paths) == (example.name, (example.path,))
