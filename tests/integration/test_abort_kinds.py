"""Kinds of leaks that looked like stops, each with a twin that does stop: no rogue may pass, no twin may fail."""

import json
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.processes import free_port, started

FIGURES = ("pause", "short", "late", "poll", "workers")


def tried(cli: Cli, kind: str, *words: str, rogue: bool) -> Any:
    """The abort test of an app: as it is, and with the witness that its kind is about."""
    provider = free_port()
    settings = json.dumps({"kind": kind, "rogue": rogue, "provider": provider})
    with started("-m", "tests.support.abort_kinds", settings) as told:
        own = f"http-json:{told['url']}/stats#/tokens"
        witness = own if kind in FIGURES else f"upstream:{provider}"
        return cli("abort-test", f"{told['url']}/chat", "-d", "{}", "--witness", witness, "--report", "json", *words)


@pytest.mark.parametrize(
    ("kind", "words", "says"),
    [
        ("parallel", ("--grace", "1.5"), "more than the clients still connected"),
        ("retry", ("--grace", "2"), "called again"),
        ("wrong-stream", ("--grace", "1.5", "--control", "1"), "more than the clients still connected"),
        ("lock", (), "refused"),
        ("hang", (), "got no content"),
        ("pause", ("--grace", "5"), ""),
        ("short", (), ""),
        ("poll", ("--at", "after-tokens:20", "--grace", "2"), ""),
        ("workers", ("--at", "after-tokens:40"), "several workers"),
    ],
)
def test_a_rogue_does_not_pass(kind: str, words: tuple[str, ...], says: str, cli: Cli) -> None:
    done = tried(cli, kind, *words, rogue=True)
    assert done.code in ((4, 1) if kind in FIGURES else (1,)), done
    assert says in json.dumps(done.report["trials"]), done
    if kind == "pause":  # the whole grace is watched, in which it goes on
        assert done.code == 1, done


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("parallel", ()),
        ("retry", ()),
        ("wrong-stream", ("--control", "1")),
        ("lock", ("--trials", "2")),
        ("pause", ("--grace", "3")),
        ("late", ("--at", "after-tokens:20", "--grace", "2")),
        ("poll", ("--at", "after-tokens:20", "--grace", "2")),
    ],
)
def test_its_twin_passes(kind: str, words: tuple[str, ...], cli: Cli) -> None:
    done = tried(cli, kind, *words, rogue=False)
    assert (done.report["verdict"], done.code) == ("pass", 0), done


def test_workers_in_turn_are_no_witness_of_a_stop_either(cli: Cli) -> None:
    done = tried(cli, "workers", "--at", "after-tokens:40", rogue=False)
    assert (done.report["trials"][0]["answer"], done.code) == ("unknown", 4), done


@pytest.mark.parametrize("rogue", [True, False])
def test_a_sweep_finds_the_window_that_leaks(rogue: bool, cli: Cli) -> None:
    done = tried(cli, "window", "--sweep", "10", "--grace", "0.6", rogue=rogue)
    sweep = done.report["abort"]["sweep"]
    trials = done.report["trials"]
    assert (sweep["aborts"], len(trials)) == (10, 10)
    assert all(trial["at"].startswith("after-ms:") for trial in trials)
    if rogue:
        assert done.code == 1, done
        assert sweep["windows"], done
        assert sweep["windows"][0]["from_ms"] < (sweep["first_content_ms"] or 0) + 20
        assert sum(window["running"] for window in sweep["windows"]) < 10
    else:
        assert sweep["windows"] == []
        assert done.code in (0, 4), done  # the earliest of them may leave before the app has called


def test_a_sweep_chooses_its_own_times(cli: Cli) -> None:
    for words in (("--at", "mid-stream"), ("--trials", "3")):
        done = cli("abort-test", "--sweep", "10", *words)
        assert (done.code, "leave out --at and --trials" in done.err) == (2, True)
