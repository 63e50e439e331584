"""On a clean stream every client agrees: through their processes, with real streams of the mock."""

import urllib.request

import pytest

from sseprobe import dialects
from sseprobe.readers import all_readers, by_name
from sseprobe.readers.installed import installed_version
from sseprobe.readers.run import read_all
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing, new_parser
from tests.sse.cuts import at_random, by
from tests.support.mock import Mock
from tests.support.requirements import missing

FAST = "itl_ms=1,ttft_ms=1"
SPOKEN = ("openai-chat", "openai-completions", "openai-responses", "anthropic", "gemini", "cohere", "mistral", "ollama",
          "vercel-ui", "ag-ui")  # fmt: skip
KNOBS = ("tokens=9,seed=4", "tools=2,reasoning=2,seed=6")
READ_BY_ALL = "anthropic"
"""The parsers that read every stream need not read each dialect's."""
Said = dict[str, list[str]]


def body_of(mock: Mock, dialect: str, knobs: str) -> tuple[bytes, str]:
    """The mock's answer to the request that sseprobe makes, and its Content-Type."""
    of = dialects.by_name(dialect)
    assert of.request is not None
    asked = of.request(f"{mock.url}{of.path}", "hi there", None)
    request = urllib.request.Request(asked.url, asked.body, dict(asked.headers) | {"X-Mock": f"{knobs},{FAST}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read(), answer.headers["Content-Type"]


def disagreeing(mock: Mock, dialect: str, knobs: str, *, read_as: str | None = None, sdks_only: bool = True) -> Said:
    """The readers that do not agree, and what they say; `sdks_only`: not those that read every stream."""
    name = read_as or dialect
    body, content_type = body_of(mock, dialect, knobs)
    framing = dialects.by_name(dialect).framing
    parser = new_parser(framing)
    items = [*parser.receive(body), *parser.receive_eof()]
    general = framing is Framing.SSE and not sdks_only
    shown = dialects.by_name(name)
    fit = [each for each in all_readers() if (shown.is_in(each.dialects) if each.dialects else general)]
    cut = by(40) if "tools" in knobs else at_random(3)
    reports = read_all(
        list(cut(body)),
        [item for item in items if isinstance(item, Event)],
        dialect=shown,
        framing=framing,
        content_type=content_type,
        ended_in_error="fault" in knobs,
        readers=fit,
    )
    absent = [reader.name for reader in fit if installed_version(reader) is None]
    assert [report.reader for report in reports] == [reader.name for reader in fit if reader.name not in absent]
    found = {report.reader: report.differences for report in reports if report.agrees is not True}
    if absent and not found:
        missing(f"not installed: {', '.join(absent)}; all others agree")
    return found


@pytest.mark.parametrize("knobs", KNOBS)
@pytest.mark.parametrize("dialect", SPOKEN)
def test_all_agree(dialect: str, knobs: str, mock: Mock) -> None:
    assert disagreeing(mock, dialect, knobs, sdks_only=dialect != READ_BY_ALL) == {}


@pytest.mark.parametrize("dialect", SPOKEN)
def test_an_error_in_the_stream_is_no_difference(dialect: str, mock: Mock) -> None:
    assert disagreeing(mock, dialect, "tokens=9,fault=error@3") == {}


@pytest.mark.parametrize("fault", ["truncate@3", "no-terminator"])
@pytest.mark.parametrize("dialect", ["openai-chat", "ag-ui"])
def test_a_stream_that_is_cut_is_no_difference(dialect: str, fault: str, mock: Mock) -> None:
    assert disagreeing(mock, dialect, f"tokens=9,fault={fault}") == {}


@pytest.mark.parametrize("flavour", ["openrouter", "vllm", "llamacpp"])
def test_flavours_of_openai(flavour: str, mock: Mock) -> None:
    assert disagreeing(mock, "openai-chat", "tokens=5", read_as=flavour) == {}


def test_a_client_that_does_not_agree_is_told_of(mock: Mock) -> None:
    found = disagreeing(mock, "openai-chat", "tokens=5,fault=id-keepalive", sdks_only=False)
    if installed_version(by_name("openai")) is None:
        missing("openai is not installed")
    assert found["httpx-sse"][0].startswith("delivers an empty event after event ")
    assert "raises JSONDecodeError" in found["openai"][0]
    assert "a2a-sdk" not in found
