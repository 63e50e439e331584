"""Every witness beside a real server: one that stops, one that leaks, one that leaks in a burst. None may be fooled."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.processes import started

PATH = "/v1/chat/completions"
SERVERS: dict[str, dict[str, Any]] = {
    "stops": {"tokens": 300, "itl_ms": 5},
    "leaks": {"tokens": 100_000, "itl_ms": 5, "leaks": True},
    "bursts": {"tokens": 300, "itl_ms": 5, "leaks": True, "burst": True},
}
DIRECT = {
    "http-json": "http-json:{url}/stats#/tokens",
    "prometheus": "prometheus:{url}/metrics",
    "prometheus-preset": "prometheus:{url}/metrics#preset=vllm",
    "prometheus-counter": "prometheus:{url}/metrics#counter=vllm:generation_tokens",
    "llamacpp-slots": "llamacpp-slots:{url}/slots",
    "log": "log:{log}:^token",
    "command": "command:grep -c ^token {log} || true",
}


@contextlib.contextmanager
def server(tmp_path: Path, **settings: Any) -> Iterator[dict[str, Any]]:
    log = tmp_path / "server.log"
    log.touch()
    with started("-m", "tests.support.llm_app", json.dumps({**settings, "log": str(log)})) as told:
        yield {**told, "log": str(log)}


def ask(cli: Cli, told: dict[str, Any], *witnesses: str, words: tuple[str, ...] = ()) -> Any:
    specs = [word for spec in witnesses for word in ("--witness", spec.format(**told))]
    # Figures are watched for the whole grace until a healthy stream was seen.
    return cli("abort-test", told["url"] + PATH, *specs, "--report", "json", "--grace", "1.5", *words)


# What a slot decoded is forgotten with its release: it cannot see a burst, which no llama-server can make.
@pytest.mark.parametrize(
    ("behaviour", "witness"),
    [(name, witness) for name in SERVERS for witness in DIRECT if (name, witness) != ("bursts", "llamacpp-slots")],
)
def test_a_direct_witness(behaviour: str, witness: str, cli: Cli, tmp_path: Path) -> None:
    with server(tmp_path, **SERVERS[behaviour]) as told:
        # `after-tokens:30`: every witness is sampled a few times before that.
        words = ("--grace", "5" if behaviour == "stops" else "2", "--at", "after-tokens:30")
        done = ask(cli, told, DIRECT[witness], words=words)
    [trial] = done.report["trials"]
    [said] = trial["testimonies"]
    expected = {"stops": ("stopped", "pass", 0)}.get(behaviour, ("running", "fail", 1))
    assert (trial["answer"], done.report["verdict"], done.code) == expected, done
    assert (said["witness"], said["strength"]) == (
        witness.partition("-")[0] if "prom" in witness else witness,
        "direct",
    )
    if behaviour == "stops":
        assert trial["overrun_tokens"] in (None, 0, 1, 2, 3)
        assert "a healthy stream ran for" in said["evidence"]
    elif witness != "command":  # which is slow to start
        assert trial["overrun_tokens"] > 20


def test_a_gauge_alone(cli: Cli, tmp_path: Path) -> None:
    spec = "prometheus:{url}/metrics#gauge=vllm:num_requests_running"
    later = ("--at", "after-tokens:50")  # on a busy machine the gauge may be looked at but once in a short while
    with server(tmp_path, tokens=400) as told:
        done = ask(cli, told, spec, words=later)
    assert (done.report["trials"][0]["answer"], done.report["trials"][0]["overrun_tokens"]) == ("stopped", None)
    with server(tmp_path, tokens=100_000, leaks=True) as told:
        done = ask(cli, told, spec, words=("--grace", "0.5", *later))
        assert (done.report["trials"][0]["answer"], done.code) == ("running", 1)
        again = ask(cli, told, spec)
    assert (again.report["verdict"], again.code) == ("inconclusive", 4)
    assert "in progress" in again.report["notes"][0]


def test_a_gauge_in_a_json_document_is_no_flat_counter(cli: Cli, tmp_path: Path) -> None:
    spec = "http-json:{url}/stats#/engine/running"
    with server(tmp_path, tokens=400) as told:
        assert ask(cli, told, spec, words=("--at", "after-tokens:50")).report["trials"][0]["answer"] == "stopped"
    with server(tmp_path, tokens=1000, leaks=True, itl_ms=2) as told:
        assert ask(cli, told, spec, words=("--grace", "0.5")).report["trials"][0]["answer"] != "stopped"


def test_a_counter_that_is_updated_rarely_is_not_believed(cli: Cli, tmp_path: Path) -> None:
    with server(tmp_path, tokens=100_000, leaks=True, every=150) as told:
        done = ask(cli, told, DIRECT["http-json"], words=("--grace", "0.5"))
    assert (done.report["trials"][0]["answer"], done.code) == ("unknown", 4)


@pytest.mark.parametrize(("tokens", "answer"), [(400, "stopped"), (400, "unknown")])
def test_an_answer_that_is_over_anyway(tokens: int, answer: str, cli: Cli, tmp_path: Path) -> None:
    # One token is left when the client leaves: that it was made proves nothing, nor that no more came.
    settings = {"tokens": tokens} if answer == "stopped" else {"tokens": 31, "leaks": True}
    with server(tmp_path, **settings) as told:
        done = ask(cli, told, DIRECT["http-json"], words=("--at", "after-tokens:30"))
    assert done.report["trials"][0]["answer"] == answer


def test_cpu_time_goes_with_the_work(cli: Cli, tmp_path: Path) -> None:
    with server(tmp_path, tokens=400) as told:
        done = ask(cli, told, "cpu:{pid}", words=("--at", "after-tokens:60"))
    [said] = done.report["trials"][0]["testimonies"]
    assert said["strength"] == "indirect"
    assert said["answer"] in ("stopped", "unknown")  # a machine that is busy otherwise may be hard to read
    with server(tmp_path, tokens=100_000, leaks=True, itl_ms=1) as told:
        done = ask(cli, told, "cpu:{pid}", words=("--at", "after-tokens:600", "--grace", "1"))
    assert done.report["trials"][0]["testimonies"][0]["answer"] in ("running", "unknown")


def test_a_queue_shows_whether_its_slot_is_free(cli: Cli, tmp_path: Path) -> None:
    with server(tmp_path, tokens=2000, slots=1) as told:
        # On a busy machine its own request takes a second to be believed.
        done = ask(cli, told, "queue", words=("--at", "after-ms:2500", "--grace", "5"))
    [said] = done.report["trials"][0]["testimonies"]
    assert (said["answer"], said["strength"]) == ("stopped", "indirect")
    with server(tmp_path, tokens=300) as told:
        done = ask(cli, told, "queue", words=("--at", "after-ms:700", "--grace", "0.7"))
    assert (done.report["trials"][0]["answer"], done.code) == ("unknown", 4)  # there is room for everybody


def test_a_queue_whose_own_request_leaks_has_seen_it(cli: Cli, tmp_path: Path) -> None:
    with server(tmp_path, tokens=100_000, slots=1, leaks=True) as told:
        done = ask(cli, told, "queue", words=("--grace", "1"))
    [trial] = done.report["trials"]
    assert (trial["answer"], done.report["verdict"], done.code) == ("running", "fail", 1), done
    assert "still held the slot" in trial["reason"]


def test_several_witnesses(cli: Cli, tmp_path: Path) -> None:
    with server(tmp_path, tokens=400) as told:
        done = ask(cli, told, DIRECT["prometheus"], DIRECT["http-json"], "cpu:{pid}", words=("--at", "after-tokens:30"))
        assert [said["witness"] for said in done.report["trials"][0]["testimonies"]] == [
            "prometheus",
            "http-json",
            "cpu",
        ]
        assert (done.report["trials"][0]["answer"], done.code) == ("stopped", 0)
        # Evidence that was named and is not there keeps the verdict open, whatever the others say.
        done = ask(
            cli,
            told,
            DIRECT["prometheus"],
            "http-json:{url}/stats#/constant",
            words=("--at", "after-tokens:30", "--grace", "1"),
        )
    assert (done.report["trials"][0]["answer"], done.code) == ("stopped", 4)
    assert "witness http-json gave no evidence" in done.report["notes"][-1]


def test_beside_healthy_streams(cli: Cli, tmp_path: Path) -> None:
    words = ("--concurrency", "4", "--control", "2", "--grace", "1")
    for behaviour, answer in (("stops", "stopped"), ("bursts", "running")):
        with server(tmp_path, **{**SERVERS[behaviour], "tokens": 100}) as told:
            done = ask(cli, told, DIRECT["prometheus"], words=words)
        [trial] = done.report["trials"]
        assert (trial["answer"], trial["aborted_clients"], trial["control_clients"], trial["control_failures"]) == (
            answer,
            2,
            4,
            [],
        ), done


# -- bad input


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("moc", "Did you mean mock?"),
        ("prometheus", "Expected prometheus:http://"),
        ("prometheus:http://x/metrics#preset=vlm", "Did you mean vllm?"),
        ("prometheus:http://x/metrics#what=x", "Expected #preset=NAME"),
        ("http-json:http://x/stats#tokens", "not a JSON pointer"),
        ("http-json:localhost/stats#/tokens", "invalid URL"),
        ("log:/tmp/x.log", "Expected log:FILE:REGEX"),
        ("log:/tmp/x.log:(", "does not compile"),
        ("command:", "no command"),
        ("cpu:x", "not a process id"),
        ("upstream:x", "not a port"),
        ("upstream:0", "not a port"),
        ("mock:x", "invalid URL"),
    ],
)
def test_words_that_are_wrong(spec: str, expected: str, cli: Cli) -> None:
    done = cli("abort-test", "http://127.0.0.1:9/v1/chat/completions", "--witness", spec)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("http-json:{url}/stats#/engine/tokns", "there is running, name, tokens"),
        ("http-json:{url}/stats#/engine", "is dict, not a number; there is running"),
        ("http-json:{url}/stats#/engine/name", "is str, not a number"),
        ("http-json:{url}/metrics#/x", "is not JSON"),
        ("http-json:{url}/nothing#/x", "answered 404"),
        ("http-json:http://127.0.0.1:9/#/x", "refused"),
        ("prometheus:{url}/metrics#gauge=vllm:num_requests_runing", "similar ones are vllm:num_requests_running"),
        ("prometheus:{url}/metrics#preset=tgi", "does not expose tgi_batch_current_size"),
        ("prometheus:{url}/nothing", "answered 404"),
        ("prometheus:{url}/stats", "not Prometheus text"),
        ("llamacpp-slots:{url}/x", "answered 404"),
        ("mock:{url}", "answered 404"),
        ("log:/nowhere/x.log:x", "cannot be read"),
        ("command:exit 3", "exit code 3"),
        ("command:echo many", "expected a number"),
        ("cpu:999999999", "process 999999999 not found"),
    ],
)
def test_a_witness_that_cannot_be_asked_is_no_evidence(
    spec: str, expected: str, cli: Cli, server_that_stops: Any
) -> None:
    done = ask(cli, server_that_stops, spec)
    assert (done.report["verdict"], done.code) == ("inconclusive", 4)
    assert expected in " ".join(done.report["notes"])
    assert [trial["answer"] for trial in done.report["trials"]] == ["unknown"]


@pytest.fixture(scope="module")
def server_that_stops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with server(tmp_path_factory.mktemp("server"), tokens=400) as told:
        yield told
