"""Frameworks' streams, as they come out of the box, raise no error; what is said of them is true."""

from collections.abc import Iterator

import pytest

from tests.support.cli import Cli
from tests.support.processes import started

PATHS = ("starlette", "fastapi", "plain")


@pytest.fixture(scope="module")
def frameworks() -> Iterator[str]:
    """The app with all of them."""
    with started("-m", "tests.support.frameworks_app") as told:
        yield told["url"]


@pytest.mark.parametrize("path", PATHS)
def test_no_error_is_raised(path: str, frameworks: str, cli: Cli) -> None:
    words = [word for name in ("repeat", "method", "compression") for word in ("--probe", name)]
    result = cli("check", f"{frameworks}/{path}/v1/chat/completions", "--report", "json", *words)
    failing = [each["rule"] for each in result.report["results"] if each["verdict"] == "fail"]
    errors = {each["rule"] for each in result.report["results"] if each["severity"] == "error"} & set(failing)
    assert (errors, result.code) == (set(), 0), result
    assert ("SSE006" in failing) == (path == "starlette")
    assert ("HTTP004" in failing) == (path == "plain")
    assert ("HTTP005" in failing) == (path == "plain")


@pytest.mark.parametrize("path", PATHS)
def test_uvicorn_chunks_its_answers_to_http10(path: str, frameworks: str, cli: Cli) -> None:
    url = f"{frameworks}/{path}/v1/chat/completions"
    result = cli("check", url, "--report", "json", "--probe", "http10", "--select", "HTTP017")
    assert [each["verdict"] for each in result.report["results"]] == ["fail"], result


def test_an_exception_behind_the_200_ends_cleanly_and_only_the_end_mark_tells(frameworks: str, cli: Cli) -> None:
    result = cli("check", f"{frameworks}/breaks/chat", "-d", "{}", "--repeat", "2", "--report", "json")
    ends = {stream["body_end"] for stream in result.report["streams"]}
    assert ends == {"last-chunk"}, result
    failing = {each["rule"] for each in result.report["results"] if each["verdict"] == "fail"}
    assert "TRM004" in failing, result
    assert result.code == 1
