"""The pages in docs/contributing work as written: they are followed in a copy of the sources, and the result is run.

`tests/dialects/test_flavours.py` does the same with the page about dialects.
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import UNCOVERED, environment
from tests.support.contributing import PAGES, ROOT, copy_sources, follow, steps_of
from tests.support.mock import Mock

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
NAMES = sorted(path.stem for path in PAGES.glob("*.md"))
MAX_LINES = 30


class House:
    """A copy of the sources in which all pages were followed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._env = environment(PYTHONPATH=str(folder), COLUMNS="1000", **UNCOVERED)

    def run(self, *words: str, code: int = 0) -> str:
        """Runs Python there, and returns what it says."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def sseprobe(self, *words: str, code: int = 0) -> str:
        return self.run("-m", "sseprobe", *words, code=code)

    @contextmanager
    def serving(self, *words: str) -> Iterator[dict[str, Any]]:
        """The start line of a command that serves."""
        process = subprocess.Popen(
            [sys.executable, "-m", "sseprobe", *words, "--port", "0", "--json"],
            cwd=self.folder,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.communicate()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    copy_sources(folder)
    for name in NAMES:
        follow(name, folder)
    return House(folder)


def test_the_index_links_to_each_page() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"\(docs/contributing/([\w-]+)\.md\)", text))) == NAMES
    assert len(text.splitlines()) < 300


def test_the_floors_are_the_layers_of_import_linter() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["sseprobe"])
    floors = CONTRIBUTING.read_text(encoding="utf-8").partition("| floor |")[2].partition("\n\n")[0].splitlines()[2:]
    rooms = [re.findall(r"`(\w+)(?:/|\.py)", floor.split("|")[2]) for floor in floors]
    assert {room for floor in rooms for room in floor} >= {room for layer in layers for room in layer.split(" | ")}
    places = [
        [place for place, floor in enumerate(rooms) if room in floor] for layer in layers for room in layer.split(" | ")
    ]
    assert all(low <= high for (low, *_), (high, *_) in pairwise(places))


@pytest.mark.parametrize("path", [CONTRIBUTING, *sorted(PAGES.glob("*.md"))], ids=lambda path: path.name)
def test_what_a_page_names_is_there(path: Path) -> None:
    """Files, and links. What a page makes is not there yet."""
    text = path.read_text(encoding="utf-8")
    made = set() if path == CONTRIBUTING else {step.path for step in steps_of(path.stem)}
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    named = re.findall(r"`((?:sseprobe|mockserver|tests|docs|scripts|benchmarks)/[\w./-]+)`", prose)
    named += re.findall(r"(?:\./scripts/test|pytest)((?: tests/[\w./]+)+)", prose)
    paths = [each for words in named for each in words.split()]
    assert [each for each in paths if each not in made and not (ROOT / each).exists()] == []
    links = [each for each in re.findall(r"\]\(([^)#]+)", prose) if not each.startswith("https://")]
    assert [each for each in links if not (path.parent / each).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_short_and_python(name: str) -> None:
    for step in steps_of(name):
        assert len(step.code.splitlines()) <= MAX_LINES + 4
        if step.kind == "python" and not step.name:
            ast.parse(step.code)


def test_examples_pass_the_linter(house: House) -> None:
    paths = {step.path for name in NAMES for step in steps_of(name) if step.path.endswith(".py")}
    house.run("-m", "ruff", "check", "--no-cache", "--ignore", "RUF022", *sorted(paths))
    house.run("-m", "ruff", "format", "--no-cache", "--check", *sorted(paths))


def test_the_rule_passes_the_tests_of_rules(house: House) -> None:
    said = house.run(
        "-m", "pytest", "tests/rules/test_proofs.py", "tests/rules/test_keys.py", "-q", "-k", "TIM090",
        "-p", "no:cacheprovider",
    )  # fmt: skip
    assert re.search(r"\b6 passed", said)
    assert "The stream ends within ten minutes." in house.sseprobe("rules", "TIM090")


def test_the_witness_counts(house: House, mock: Mock) -> None:
    assert "file-size:FILE" in house.sseprobe("abort-test", "--help")
    url = f"{mock.url}/v1/chat/completions"
    words = ("abort-test", url, "-H", "X-Mock: tokens=50,itl_ms=10", "--grace", "0.2")
    assert "file-size:FILE" in house.sseprobe(*words, "--witness", "nonsense:x", code=2).partition("Known are")[2]
    report = house.sseprobe(*words, "--witness", f"file-size:{__file__}", "--report", "json:-", "-q", code=4)
    [trial] = json.loads(report)["trials"]
    assert "file-size" in json.dumps(trial)


def test_the_reader_reads(house: House) -> None:
    code = """
from sseprobe.readers import by_name
from sseprobe.readers.base import Stream
print(list(by_name("httpx-lines").read(Stream([b"data: a\\n\\nda", b"ta: b\\n\\n"], "text/event-stream"))))
"""
    assert house.run("-c", code) == "[(None, 'a', None), (None, 'b', None)]\n"


def test_the_fault_and_the_profile_change_the_stream(house: House, mock: Mock) -> None:
    listed = house.sseprobe("proxy", "--list")
    assert "mask:WORD" in listed
    assert "example-gateway" in listed
    known = house.sseprobe("proxy", mock.url, "--fault", "nonsense", code=2).partition("Known are")[2]
    assert "mask" in known
    with house.serving("proxy", mock.url, "--fault", "mask:data", "--profile", "example-gateway") as line:
        through, direct = (Mock(url, "").get("/sse", X_Mock="tokens=5") for url in (line["url"], mock.url))
    assert through[2] == direct[2].replace(b"data", b"****")
    assert "x-accel-buffering" in direct[1]
    assert "x-accel-buffering" not in through[1]


def test_the_reporter_renders_and_the_option_is_sent(house: House, mock: Mock) -> None:
    shown = house.sseprobe("stream", "--help")
    assert "csv" in shown.partition("--report")[2]
    assert "--user-agent" in shown
    words = ("stream", f"{mock.url}/v1/chat/completions", "-H", "X-Mock: tokens=5")
    known = house.sseprobe(*words, "--report", "nonsense", code=2).partition("Known are")[2]
    assert "csv" in known
    said = house.sseprobe(*words, "--report", "csv", "--user-agent", "me", "-v", "-q")
    assert "kind,name,outcome,message\n" in said
    assert "User-Agent: me" in said


def test_the_kind_of_result_is_shown_in_every_format_for_people(house: House) -> None:
    code = """
from sseprobe.report import Report, Target, load_report
from sseprobe.report.server_certificate import ServerCertificate
from sseprobe.reporters import by_format
from sseprobe.text import to_json
seen = ServerCertificate("CN=example.org", 12)
report = Report("check", Target("https://example.org", "GET", "plain"), "", 1.0, "pass", 0, certificate=seen)
report = load_report(to_json(report).encode(), "it")
print(*(by_format(name)(report, width=100, colour=False) for name in ("terminal", "html", "markdown")))
"""
    assert house.run("-c", code).count("12 days left") == 3


def test_the_active_probe_runs_and_is_judged(house: House, mock: Mock) -> None:
    words = ("check", f"{mock.url}/v1/chat/completions", "-H", "X-Mock: tokens=5", "--select", "HTTP090")
    assert "preflight" in house.sseprobe("check", "--help").partition("--probe")[2]
    known = house.sseprobe(*words, "--probe", "nonsense", code=2).partition("Known are")[2]
    assert "preflight" in known
    report = json.loads(house.sseprobe(*words, "--probe", "preflight", "--report", "json:-", "-q"))
    assert [each["probe"] for each in report["probes"] if each["ran"]] == ["preflight"]
    assert [each["key"] for each in report["results"][0]["findings"]] == ["HTTP090/not-allowed"]


def test_the_mode_serves(house: House) -> None:
    assert "whole-answer" in house.sseprobe("mock", "--list")
    assert "whole-answer" in house.sseprobe("mock", "--mode", "nonsense", code=2).partition("Known are")[2]
    with house.serving("mock", "--mode", "whole-answer") as line:
        mock = Mock(line["url"], line["truth_url"])
        body = {
            "model": "mock/tokens=7,ttft_ms=1,itl_ms=1",
            "stream": True,
            "messages": [{"role": "user", "content": "x"}],
        }
        status, headers, text = mock.post(body)
        record = mock.truth(headers["x-mock-id"])
    assert (status, text[-14:]) == (200, b"data: [DONE]\n\n")
    assert (record["state"], record["generated_tokens"]) == ("completed", 7)


def test_the_command_is_one(house: House) -> None:
    assert "tgi" in house.sseprobe("dialects").splitlines()
    assert "The dialects that sseprobe knows" in house.sseprobe("--help")
