"""Apps with events of their own, as tutorials write them, are judged right without one option."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from sseprobe.probes.check import third_party_readers as readers
from tests.support.cli import UNCOVERED, Cli, Result
from tests.support.own_apps import raw
from tests.support.own_apps.running import running
from tests.support.own_apps.truth import ANY, CASES, CHECKS, HELLO, Case, Checked
from tests.support.processes import free_port, started

APPS = ("fastapi", "flask", "express", "hono")


@pytest.fixture(scope="module")
def at() -> Iterator[Callable[[str], str]]:
    """Where an app is; it is started when it is first asked for."""
    urls: dict[str, str] = {}
    with ExitStack() as cleanup:

        def url(app: str) -> str:
            if app not in urls:
                urls[app] = cleanup.enter_context(running(app))["url"]
            return urls[app]

        yield url


def _name(case: Case | Checked) -> str:
    return f"{case.app} {case.path}"


def _wire_faults(case: Case, answer: raw.Answer) -> list[str]:
    """Where the app does not do what the table says."""
    wire = case.wire
    named = {
        "status": (answer.status, wire.status),
        "type": (answer.content_type, wire.content_type),
        "clean": (answer.clean, wire.clean),
        "paced": (answer.spread_s > 0.002, wire.paced),
        "ends": (answer.body.endswith(wire.ends), True),
        "holds": (wire.holds in answer.body, True),
    }
    faults = [f"{name}: {got!r}, not {wanted!r}" for name, (got, wanted) in named.items() if wanted not in (got, None)]
    if case.text is not ANY and case.code != 3:
        texts = (case.text,) if isinstance(case.text, str) else case.text
        pointer = case.at if isinstance(case.at, str) else case.pointer
        if wire.framing == "text":
            pieces = [answer.body.decode()]
        else:
            found = raw.events_of(answer.body) if wire.framing == "sse" else raw.lines_of(answer.body)
            values = [event.data if pointer is None else raw.at(pointer, event.data) for event in found]
            pieces = [value for value in values if isinstance(value, str)]
        if not any(raw.holds_in_order(text, pieces) or text == pieces[-1] for text in texts):
            faults.append(f"text: {''.join(pieces)!r}, not {case.text!r}")
    return [f"{_name(case)}: {fault}" for fault in faults]


@pytest.mark.parametrize("app", APPS)
def test_the_apps_do_what_the_table_says(app: str, at: Callable[[str], str]) -> None:
    url = at(app)
    cases = [case for case in CASES if case.app == app]

    def asked(case: Case) -> list[str]:
        path = case.path.replace("?said=nothing", "")
        body = {} if path != case.path else case.body
        return _wire_faults(case, raw.ask(url + path, body))

    with ThreadPoolExecutor(8) as pool:
        assert [fault for faults in pool.map(asked, cases) for fault in faults] == []


@pytest.mark.parametrize("app", APPS)
def test_every_third_answer_ends_early(app: str, at: Callable[[str], str]) -> None:
    bodies = [raw.ask(f"{at(app)}/chat?do=sometimes:raw", HELLO) for _ in range(3)]
    assert [b"[DONE]" in each.body for each in bodies] == [True, True, False]
    assert all(each.clean for each in bodies)


def test_a_compressor_holds_back_or_is_flushed(at: Callable[[str], str]) -> None:
    url = at("fastapi")
    right = {
        ("/buffered/gzip", "identity"): ("gzip", False),
        ("/buffered/gzip?polite=1", "identity"): ("", True),
        ("/buffered/gzip?polite=1", "gzip"): ("gzip", False),
        ("/gzip/ndjson", "gzip"): ("gzip", True),
        ("/gzip/sse", "gzip"): ("", True),
    }

    def asked(path: str, accepted: str) -> tuple[str, bool]:
        answer = raw.ask(url + path, HELLO, headers={"Accept-Encoding": accepted})
        return answer.headers.get("content-encoding", ""), len(answer.arrivals) > 3

    with ThreadPoolExecutor(len(right)) as pool:
        assert dict(zip(right, pool.map(asked, *zip(*right, strict=True)), strict=True)) == right


def _one_of(wanted: object, got: object) -> bool:
    return wanted is ANY or (got in wanted if isinstance(wanted, tuple) else got == wanted)


def _show(ran: Result) -> str:
    return (
        f"exit code {ran.code}\n{ran.err[-1500:]}\n{json.dumps(ran.report.get('streams'), ensure_ascii=False)[:3000]}"
    )


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_one_stream_is_judged_right(case: Case, at: Callable[[str], str], cli: Cli) -> None:
    ran = cli("stream", at(case.app) + case.path, *case.words, "--report", "json")
    streams = ran.report["streams"]
    stream = streams[0] if streams and case.code != 3 else {}
    told = (stream.get("error") or {}).get("message", "")
    got = {
        "code": (case.code, ran.code),
        "ending": (ANY if case.ending is None else case.ending, stream.get("ending")),
        "text": (ANY if case.code == 3 else case.text, stream.get("text")),
        "text_at": (ANY if case.code == 3 else case.at, stream.get("text_at")),
        "ending_proven": (case.proven, stream.get("ending_proven")),
        "error": (True, case.error is None or case.error in told),
    }
    wrong = {name: pair for name, pair in got.items() if not _one_of(*pair)}
    assert wrong == {}, _show(ran)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other clients are started: what they say is tested elsewhere."""
    monkeypatch.setattr(readers, "read_all", lambda *_words, **_options: [])


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("case", CHECKS, ids=_name)
def test_three_streams_are_judged_right(case: Checked, at: Callable[[str], str], cli: Cli) -> None:
    words = [] if case.body is None else ["-d", json.dumps(case.body)]
    ran = cli("check", at(case.app) + case.path, *words, *case.words, "--report", "json")
    failing = {
        f"{each['rule']} {each['severity']}: {each['findings'][0]['message']}"
        for each in ran.report["results"]
        if each["verdict"] == "fail"
    }
    if case.fails is not None:
        assert ran.code == int(case.fails), "\n".join(sorted(failing))
    if case.finds:
        assert any(each.startswith(case.finds) for each in failing), "\n".join(sorted(failing))


@pytest.mark.parametrize(("name", "stops"), [("leaky", False), ("clean", True)])
def test_a_leak_is_seen(name: str, stops: bool, at: Callable[[str], str], cli: Cli) -> None:
    url = at("fastapi")
    ran = cli(
        "abort-test", f"{url}/{name}/chat", "-d", json.dumps(HELLO),
        "--witness", f"http-json:{url}/stats/{name}#/tokens", "--grace", "1.5", "--report", "json",
    )  # fmt: skip
    [trial] = ran.report["trials"]
    assert (trial["answer"], ran.code) == (("stopped", 0) if stops else ("running", 1)), ran


@pytest.mark.parametrize("leaks", [False, True])
def test_a_relay_is_followed_to_its_provider(leaks: bool, cli: Cli) -> None:
    provider = free_port()
    env = {**UNCOVERED, "OPENAI_BASE_URL": f"http://127.0.0.1:{provider}/v1"}
    with started("-m", "tests.support.own_apps.fastapi_app", env=env) as told:
        done = cli(
            "abort-test", f"{told['url']}/relay?leaks={leaks}", "-d", json.dumps(HELLO),
            "--witness", f"upstream:{provider}", "--grace", "1.5", "--report", "json",
        )  # fmt: skip
    [trial] = done.report["trials"]
    assert (trial["answer"], done.code) == (("running", 1) if leaks else ("stopped", 0)), done


def test_a_hop_that_holds_back_is_found(at: Callable[[str], str], cli: Cli) -> None:
    url = f"{at('fastapi')}/lines/api/chat?do=slow"
    ran = cli("buffer-test", url, "-d", json.dumps(HELLO), "--profile", "full-buffer", "--report", "json")
    [profile] = ran.report["profiles"]
    assert (profile["verdict"], ran.code) == ("fail", 1), ran


def test_the_table_names_each_case_once() -> None:
    for names in (list(map(_name, CASES)), [f"{_name(each)} {each.words}" for each in CHECKS]):
        assert len(names) == len(set(names))
    assert {case.app for case in CASES} == {case.app for case in CHECKS} == set(APPS)
