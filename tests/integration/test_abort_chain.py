"""The chain: sseprobe plays the provider, apps stand before it, and the abort is followed through them."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, environment
from tests.support.processes import ROOT, free_port, mock_in_mode, wait_for
from tests.support.requirements import missing

EXAMPLES = ROOT / "examples"
LITELLM_START_S = 90


@contextlib.contextmanager
def serving(*words: str, **env: str) -> Iterator[None]:
    process = subprocess.Popen(
        words, cwd=EXAMPLES, env=environment(**env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def example(app: str, provider: int, **env: str) -> Iterator[str]:
    """An example app that calls a provider on this port; its URL."""
    port = free_port()
    words = [sys.executable, "-m", "uvicorn", f"{app}:app", "--port", str(port), "--log-level", "warning"]
    base_url = f"http://127.0.0.1:{provider}/v1"
    with serving(*words, OPENAI_BASE_URL=base_url, OPENAI_API_KEY="any", **env):
        wait_for(f"http://127.0.0.1:{port}/openapi.json")
        yield f"http://127.0.0.1:{port}/chat"


def test_an_async_relay_leaves_its_provider(cli: Cli) -> None:
    provider = free_port()
    with example("relay_async", provider) as url:
        done = cli(
            "abort-test", url, "-d", '{"prompt": "hi"}', "--witness", f"upstream:{provider}",
            "--at", "mid-stream", "--at", "before-first-token", "--report", "json",
        )  # fmt: skip
    assert (done.report["verdict"], done.code) == ("pass", 0), done
    for trial in done.report["trials"]:
        [said] = trial["testimonies"]
        assert (said["witness"], said["answer"], said["strength"]) == ("upstream", "stopped", "direct")
        assert trial["chain"]["closed_ms"] is not None
        assert trial["chain"]["tokens_after_close"] <= 1


@pytest.mark.parametrize("middleware", ["", "1"])
def test_the_published_recipe_stops_alone_and_leaks_behind_a_middleware(middleware: str, cli: Cli) -> None:
    provider = free_port()
    with example("relay_recipe", provider, WITH_MIDDLEWARE=middleware) as url:
        done = cli(
            "abort-test", url, "-d", "{}", "--witness", f"upstream:{provider}",
            "--grace", "1" if middleware else "10", "--report", "json", "--price-per-mtok", "3",
        )  # fmt: skip
    [trial] = done.report["trials"]
    assert (trial["answer"], done.code) == (("running", 1) if middleware else ("stopped", 0)), done
    assert (trial["chain"]["closed_ms"] is None) == bool(middleware)
    if middleware:
        cost = done.report["abort"]["cost"]
        assert cost["usd_per_day"] == round(trial["overrun_tokens"] * 1440 * 3 / 1e6, 6)
        assert cost["at_least"]


def test_the_mode_relay(cli: Cli) -> None:
    provider = free_port()
    with mock_in_mode("relay", "", env={"OPENAI_BASE_URL": f"http://127.0.0.1:{provider}/v1"}) as relay:
        url = relay["url"] + "/v1/chat/completions"
        done = cli(
            "abort-test", url, "--witness", f"upstream:{provider}", "--witness", f"mock:{relay['truth_url']}",
            "--report", "json",
        )  # fmt: skip
        assert (done.report["verdict"], done.code) == ("pass", 0), done
        alone = cli("stream", url)
    assert alone.code == 3
    assert "cannot reach" in alone.err


def test_an_app_that_calls_somebody_else_is_told_so(cli: Cli) -> None:
    with mock_in_mode("good", "tokens=300") as mock:
        done = cli(
            "abort-test", mock["url"] + "/v1/chat/completions", "--witness", f"upstream:{free_port()}",
            "--grace", "0.3", "--report", "json",
        )  # fmt: skip
    assert (done.report["verdict"], done.code) == ("inconclusive", 4)
    assert "saw no request" in done.report["trials"][0]["testimonies"][0]["evidence"]
    assert "Configure the app under test to call" in done.report["trials"][0]["testimonies"][0]["evidence"]


def test_a_port_in_use(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("abort-test", "http://127.0.0.1:9/chat", "--witness", f"upstream:{port}")
    assert (done.code, done.out) == (2, "")
    assert f"cannot listen on 127.0.0.1 port {port}" in done.err


def litellm() -> str:
    """LiteLLM's proxy, which is kept in an environment of its own: it pins what it depends on."""
    found = os.environ.get("SSEPROBE_LITELLM") or shutil.which("litellm")
    if found is None or not Path(found).exists():
        missing("no litellm: pip install 'litellm[proxy]' somewhere, and name its command in SSEPROBE_LITELLM")
    return found


@pytest.mark.litellm
@pytest.mark.timeout(180)
def test_litellm(cli: Cli, tmp_path: Path) -> None:
    command, provider, port = litellm(), free_port(), free_port()
    config = tmp_path / "litellm.yaml"
    config.write_text((EXAMPLES / "litellm.yaml").read_text().replace("127.0.0.1:9000", f"127.0.0.1:{provider}"))
    url = f"http://127.0.0.1:{port}"
    words = [command, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with serving(*words):
        deadline = time.monotonic() + LITELLM_START_S
        while not _alive(f"{url}/health/liveliness"):
            assert time.monotonic() < deadline, "LiteLLM did not start"
        done = cli(
            "abort-test", f"{url}/v1/chat/completions", "--api-key-env", "KEY", "--witness", f"upstream:{provider}",
            "--grace", "10", "--report", "json", env={"KEY": "sk-local"},
        )  # fmt: skip
    [trial] = done.report["trials"]
    assert (trial["answer"], done.report["verdict"]) == ("stopped", "pass"), done
    assert trial["chain"]["closed_ms"] is not None


def _alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
