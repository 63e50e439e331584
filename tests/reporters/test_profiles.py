"""What the terminal says of profiles and paths: which profiles stand together, in which order, and at any width."""

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from sseprobe.report import PathReport, ProfileAbort, ProfileReport, RemedyReport, Report, Verdict
from sseprobe.reporters import by_format
from sseprobe.reporters.sections import paths
from sseprobe.reporters.sections.profile_aborts import alike
from sseprobe.reporters.sections.profiles import NO_REMEDY, groups_of, remedies_of
from sseprobe.stop_detection.answers import Answer
from tests.support.hop_reports import BLOCK, DEFAULT_RUN, NEVER, NGINX, PASSING, UNKNOWN, profile, stopped
from tests.support.hostile import HOSTILE, Walk
from tests.support.reports import REPORTS, made

HOPS = [name for name, report in REPORTS.items() if report.command == "buffer-test"]


def of(*profiles: ProfileReport) -> Report:
    return made("buffer-test", Verdict.FAIL, 1, profiles=list(profiles))


def shown(report: Report, width: int = 100, *, colour: bool = False) -> str:
    return by_format("terminal")(report, width=width, colour=colour)


@pytest.mark.parametrize("width", [20, 37, 60, 80, 100, 140, 300])
@pytest.mark.parametrize("name", HOPS)
def test_it_keeps_to_the_width(name: str, width: int) -> None:
    for report in (REPORTS[name], Walk(HOSTILE["wide"])(REPORTS[name]), Walk(HOSTILE["long"])(REPORTS[name])):
        assert max(map(cell_len, shown(report, width).splitlines())) <= width


@pytest.mark.parametrize("width", [40, 80, 140])
def test_nothing_is_lost_at_a_narrow_width(width: int) -> None:
    words = " ".join(shown(REPORTS["buffer-fails"], width).split())
    for each in DEFAULT_RUN:
        assert each.profile in words
    for said in ("431 ms", "truncated", "X-Accel-Buffering: no", "2.41 s"):
        assert said in words


def test_the_worst_of_what_counts_comes_first() -> None:
    groups = groups_of(REPORTS["buffer-fails"])
    assert [(group.names.split(",")[0], group.verdict, group.counted) for group in groups] == [
        ("envoy-default", "fail", True),  # which cuts the answer
        ("express-compression", "fail", True),
        ("nginx-legacy", "fail", True),
        ("haproxy", "fail", True),
        ("transparent", "pass", True),
        ("lighttpd", "fail", False),
    ]


def test_a_table_without_room_becomes_lines() -> None:
    report = REPORTS["buffer-open"]
    assert "  inconclusive  my-hop             —" in shown(report, 100)
    assert "  inconclusive  my-hop\n    Ending: no stream\n" in shown(report, 60)


def test_only_profiles_that_differ_in_nothing_but_figures_share_a_row() -> None:
    slower = replace(NGINX, profile="b", meaning=NGINX.meaning.replace("410 ms", "1.3 s"), ttft_ms=900.0)
    assert [group.names for group in groups_of(of(NGINX, slower))] == ["nginx-legacy, b"]
    for other in (
        replace(NGINX, cause="another"),
        replace(NGINX, remedies=[], tried=[]),
        replace(NGINX, meaning="the answer stops"),
        replace(NGINX, counted=False),
    ):
        assert len(groups_of(of(NGINX, other))) == 2
    laggard = replace(PASSING[1], added_delay_ms=replace(PASSING[1].added_delay_ms, max=140.0))
    assert len(groups_of(of(PASSING[0], laggard, PASSING[2]))) == 2


def test_a_row_shows_the_worst() -> None:
    slower = replace(NGINX, profile="b", added_delay_ms=replace(NGINX.added_delay_ms, max=777.0))
    [row] = [line for line in shown(of(NGINX, slower)).splitlines() if line.startswith("  fail ")]
    assert "nginx-legacy, b" in row
    assert "777 ms" in row


def test_the_endpoint_comes_before_the_client_and_the_proxy() -> None:
    tried = [RemedyReport(each, each, helped=True, detail="") for each in ("hop", "client", "endpoint")]
    assert [each.where for each in remedies_of(replace(NGINX, tried=tried, remedies=[]))] == [
        "endpoint",
        "client",
        "hop",
    ]
    unknown = replace(NGINX, tried=[], remedies=["only named"])
    assert [each.remedy for each in remedies_of(unknown)] == ["only named"]


def test_that_nothing_helped_is_said_only_where_something_was_tried() -> None:
    failed, untried = (RemedyReport("x", "endpoint", helped=helped, detail="") for helped in (False, None))
    for tried, said in (([failed], True), ([untried], False), ([], False)):
        assert (NO_REMEDY in shown(of(replace(NGINX, remedies=[], tried=tried)))) == said


def test_aborts_that_took_about_as_long_stand_together() -> None:
    times = {"a": 0.5, "b": 49.0, "c": 51.0, "d": 76.0, "e": 200.0}
    left = [profile(name, abort=stopped(ms)) for name, ms in times.items()]
    left += [
        profile("f", abort=NEVER),
        profile("g", abort=ProfileAbort(Answer.RUNNING, 12.0, 9, None)),
        profile("h", abort=ProfileAbort(Answer.UNKNOWN, None, None, "no witness")),
        profile("i", abort=ProfileAbort(Answer.STOPPED, None, None, None)),
    ]
    assert [(when, names) for when, _, names, _ in alike(of(*left))] == [
        ("never", ["f"]),
        ("but continues", ["g"]),
        ("unknown", ["h"]),
        ("at an unknown time", ["i"]),
        ("after 0.5 ms to 49 ms", ["a", "b"]),
        ("after 51 ms to 76 ms", ["c", "d"]),
        ("after 200 ms", ["e"]),
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (BLOCK, "this path buffers the answer in blocks of about 4,096 bytes (certain)"),
        (
            replace(BLOCK, kind="timer", period_ms=250.0),
            "this path flushes its buffer only about every 250 ms (certain)",
        ),
        (replace(BLOCK, kind="{0}"), "this path buffers the answer, in no recognised pattern (certain)"),
        (replace(BLOCK, buffers="no"), "this path does not buffer, compared with the direct one (certain)"),
        (UNKNOWN, "inconclusive: unclear whether this path buffers"),
    ],
)
def test_what_is_said_of_a_path(path: PathReport, said: str) -> None:
    assert paths.outcome_sentence(path) == said


def test_the_next_command_can_be_pasted() -> None:
    report = REPORTS["buffer-path-unknown"]
    step = paths.next_step(report, replace(BLOCK, direct_url="http://a/?b=$(x)&c='d'"))
    assert step is not None
    assert step[0] == "sseprobe buffer-test 'http://a/?b=$(x)&c='\"'\"'d'\"'\"'' --profile nginx-legacy"
    assert paths.next_step(report, replace(BLOCK, buffers="no")) is None


def test_a_longer_answer_is_asked_for_where_there_is_a_prompt() -> None:
    report = REPORTS["buffer-path-unknown"]
    step = paths.next_step(report, UNKNOWN)
    assert step is not None
    assert "--prompt" in step[0]
    assert paths.next_step(replace(report, target=replace(report.target, method="GET")), UNKNOWN) is None


def test_colour_says_nothing_that_words_do_not() -> None:
    for name in HOPS:
        plain, coloured = shown(REPORTS[name]), shown(REPORTS[name], colour=True)
        assert "\x1b[" in coloured
        assert "\x1b" not in plain
