"""`sseprobe proxy` as people use it: its start line, profiles, faults, the admin endpoint, and its end."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from sseprobe.proxy.faults import all_faults
from sseprobe.proxy.profile import NAMES
from tests.support.cli import Cli
from tests.support.mock import Mock
from tests.support.processes import free_port, started

PATH = "/v1/chat/completions"
WORDS = ("-m", "sseprobe", "proxy")
LAST = ("--port", "0", "--json")


def ask(url: str, method: str = "GET", body: Any = ...) -> Any:
    data = None if body is ... else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def streamed(cli: Cli, url: str, knobs: str = "tokens=20,itl_ms=1") -> dict[str, Any]:
    stream: dict[str, Any] = cli("stream", url + PATH, "-H", f"X-Mock: {knobs}", "--report", "json").report["streams"][
        0
    ]
    return stream


def test_it_says_where_it_is_and_behaves_as_told(cli: Cli, mock: Mock) -> None:
    with started(*WORDS, mock.url, *LAST, "--profile", "full-buffer") as told:
        assert {"upstream": mock.url, "profile": "full-buffer", "faults": [], "admin_url": None}.items() <= told.items()
        stream = streamed(cli, told["url"])
    assert stream["ending"] == "complete"
    assert stream["reads"] < 5


def test_in_words(mock: Mock) -> None:
    process = subprocess.Popen([sys.executable, *WORDS, mock.url, "--port", "0"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) in (0, 130)
    assert line.startswith("sseprobe proxy: http://127.0.0.1:")
    assert line.endswith(f"-> {mock.url}, passing everything through\n")
    process.stdout.close()


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ("rst-after:1500", "reset"),
        ("eof-after:1500", "truncated"),
        ("split:1", "complete"),
        ("crlf", "complete"),
        ("cr", "complete"),
        ("slow:20000", "complete"),
        ("stall:0.2", "complete"),
        ("hold-all", "complete"),
        ("latency:20~10", "complete"),
        ("http10", "complete"),
        ("502-html-midway", "truncated"),
    ],
)
def test_faults_over_the_wire(cli: Cli, mock: Mock, fault: str, ending: str) -> None:
    with started(*WORDS, mock.url, *LAST, "--fault", fault) as told:
        stream = streamed(cli, told["url"])
    assert stream["ending"] == ending
    if ending == "complete":
        assert stream["metrics"]["tokens"] == 20


def test_faults_add_up(cli: Cli, mock: Mock) -> None:
    with started(*WORDS, mock.url, *LAST, "--fault", "hold:512", "--fault", "eof-after:1000") as told:
        stream = streamed(cli, told["url"])
    assert (stream["ending"], stream["bytes"]) == ("truncated", 1000)


def test_the_admin_endpoint_tells_and_changes(cli: Cli, mock: Mock) -> None:
    with started(*WORDS, mock.url, *LAST, "--admin-port", "0") as told:
        admin = told["admin_url"]
        assert ask(f"{admin}/") == {"upstream": mock.url, "profile": None, "faults": [], "open": 0}
        assert streamed(cli, told["url"])["ending"] == "complete"
        changed = ask(f"{admin}/faults", "PUT", ["eof-after:900"])
        assert changed["faults"] == ["eof-after:900"]
        assert streamed(cli, told["url"])["ending"] == "truncated"
        assert ask(f"{admin}/faults", "POST", "latency:1")["faults"] == ["eof-after:900", "latency:1"]
        assert ask(f"{admin}/faults", "DELETE")["faults"] == []
        assert ask(f"{admin}/profile", "PUT", "full-buffer")["profile"] == "full-buffer"
        assert streamed(cli, told["url"])["reads"] < 5
        assert ask(f"{admin}/profile", "PUT", None)["profile"] is None
        assert "nginx-legacy" in ask(f"{admin}/profiles")
        states = [each["state"] for each in ask(f"{admin}/connections") if each["target"] == PATH]
        assert states == ["complete", "broken", "complete"]


def test_the_admin_endpoint_refuses_what_it_does_not_know(mock: Mock) -> None:
    with started(*WORDS, mock.url, *LAST, "--admin-port", "0", "--fault", "latency:1") as told:
        admin = told["admin_url"]
        code, said = ask(f"{admin}/faults", "PUT", ["hodl:4096"])
        assert (code, "hold" in said["detail"]) == (422, True)
        code, said = ask(f"{admin}/profile", "PUT", "/etc/passwd")
        assert code == 422
        assert ask(f"{admin}/faults") == ["latency:1"]
        assert ask(f"{admin}/connections/999", "DELETE")[0] == 404
        request = urllib.request.Request(f"{admin}/", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 400
        refused.value.close()


def _flows(connection: dict[str, Any]) -> bool:
    return connection["state"] == "open" and bool(connection["bytes_to_client"])


def test_a_stream_is_cut_from_the_admin_endpoint(cli: Cli, mock: Mock) -> None:
    with started(*WORDS, mock.url, *LAST, "--admin-port", "0") as told:
        admin = told["admin_url"]
        process = cli.start("stream", told["url"] + PATH, "-H", "X-Mock: tokens=2000", "--report", "json")
        while not (found := [each for each in ask(f"{admin}/connections") if _flows(each)]):
            pass
        assert ask(f"{admin}/connections/{found[0]['id']}", "DELETE")["state"] == "broken"
        out, _ = process.communicate(timeout=30)
    assert json.loads(out)["streams"][0]["ending"] == "reset"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "UPSTREAM"),
        (["http://127.0.0.1:1/v1/chat"], "Give the upstream alone: http://127.0.0.1:1"),
        (["ftp://x"], "not an upstream"),
        (["http://127.0.0.1:1", "--profile", "nginx"], "nginx-"),
        (["http://127.0.0.1:1", "--fault", "rst-afer:3"], "rst-after"),
        (["http://127.0.0.1:1", "--fault", "hold:many"], "hold"),
    ],
)
def test_wrong_words(cli: Cli, words: list[str], said: str) -> None:
    done = cli("proxy", *words)
    assert done.code == 2, done
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_port_that_is_taken(cli: Cli, mock: Mock) -> None:
    done = cli("proxy", mock.url, "--port", mock.url.rpartition(":")[2])
    assert done.code == 2
    assert "cannot listen on it" in done.err


def test_the_list_names_all(cli: Cli) -> None:
    done = cli("proxy", "--list")
    assert done.code == 0
    listed = {line.split()[0] for line in done.out.splitlines() if line.startswith("  ")}
    assert listed == {*NAMES, *(kind.syntax for kind in all_faults().values())}


def test_it_serves_one_upstream_only(cli: Cli, mock: Mock) -> None:
    with started(*WORDS, mock.url, *LAST) as told:
        done = cli("stream", "http://example.invalid/x", "--proxy", told["url"])
    assert done.code == 3
    assert "421" in done.err


def test_https_upstreams_are_verified(cli: Cli, tmp_path: Path) -> None:
    url = f"https://127.0.0.1:{free_port()}"
    missing = tmp_path / "none.pem"
    done = cli("proxy", url, "--cacert", str(missing))
    assert done.code == 2
    assert os.fspath(missing) in done.err
