"""Profiles and paths in words, for every reporter that writes for people. What comes back may be shown."""

import math
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sseprobe import exit_codes
from sseprobe.report import (
    LimitReport,
    ProfileAbort,
    ProfileReport,
    RemedyReport,
    Report,
    StreamReport,
    Verdict,
)
from sseprobe.reporters import paths
from sseprobe.reporters.figures import rate
from sseprobe.stop_detection.answers import Answer
from sseprobe.text import one_line
from sseprobe.units import human_ms

UNCOUNTED: Final = "not counted: nothing that the endpoint could send would satisfy it"
BESIDE_PATHS: Final = "not counted: with --direct, the two paths alone are judged"
WORST: Final = "added: how much later an event comes; of profiles that share a row, the worst"
NO_CURE: Final = "nothing that was tried helped"

_SENTENCE: Final = 400
_NAME: Final = 60
_LISTED: Final = 20
_AT_ONCE_MS: Final = 50.0
_NEAR: Final = 1.5
_FEEBLE_MS: Final = 30.0
_WORDS: Final = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "open"}
_ORDER: Final = ("fail", "open", "fail*", "open*", "pass")
_WHERE: Final = ("endpoint", "client", "hop")
_NUMBER: Final = re.compile(r"[\d.,]+ ?(?:ms|s)?\b")
_UNTIMED: Final = {Answer.STOPPED: "at some time", Answer.RUNNING: "never", Answer.UNKNOWN: "unknown"}
_ANSWERS: Final = {"kept": "kept", "cut": "cut", "not-reached": "not reached"}


class Alike(Struct, frozen=True):
    """Profiles behind which the endpoint fares the same. `mark`: the verdict in a word, with `*` if not counted."""

    mark: str
    profiles: tuple[ProfileReport, ...]

    @property
    def worst(self) -> ProfileReport:
        """The one that adds most."""
        return max(self.profiles, key=lambda each: (each.added_delay_ms.max or 0.0, each.ttft_ms or 0.0))

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they were run."""
        return tuple(name_of(each) for each in self.profiles)


def name_of(profile: ProfileReport) -> str:
    """Its name, never empty."""
    return one_line(profile.profile, _NAME) or "-"


def title_of(profile: ProfileReport) -> str:
    """What such a hop is."""
    return one_line(profile.title, 200)


def meaning(profile: ProfileReport) -> str:
    """What it means to a user."""
    return one_line(profile.meaning, _SENTENCE)


def is_counted(profile: ProfileReport, report: Report) -> bool:
    """Whether this profile's verdict is part of the report's."""
    return profile.counted and report.path is None


def why_uncounted(report: Report) -> str:
    """What the `*` at a verdict means."""
    return UNCOUNTED if report.path is None else BESIDE_PATHS


def mark_of(profile: ProfileReport, report: Report) -> str:
    """The verdict in a word."""
    passed = profile.verdict is Verdict.PASS
    return _WORDS[profile.verdict] + ("" if passed or is_counted(profile, report) else "*")


def groups_of(report: Report) -> list[Alike]:
    """The profiles, those together that differ in nothing but figures; what counts first."""
    found: dict[tuple[object, ...], list[ProfileReport]] = {}
    for profile in report.profiles:
        mark = mark_of(profile, report)
        key: tuple[object, ...] = (mark, profile.ending)
        if mark == "pass":
            key = (*key, _magnitude(profile.added_delay_ms.max))
        else:
            tried = tuple((each.remedy, each.helped) for each in profile.tried)
            key = (*key, profile.cause, _NUMBER.sub("#", profile.meaning), tuple(profile.remedies), tried)
        found.setdefault(key, []).append(profile)
    groups = [Alike(str(key[0]), tuple(profiles)) for key, profiles in found.items()]
    return sorted(groups, key=lambda each: _ORDER.index(each.mark))


def _magnitude(added_ms: float | None) -> int:
    """Doublings above what nobody sees: within one, profiles that pass are alike."""
    return 0 if added_ms is None or added_ms < _FEEBLE_MS else 1 + int(math.log2(min(added_ms, 1e9) / _FEEBLE_MS))


def found(report: Report) -> Iterator[str]:
    """What was found, in a sentence for the paths and one for the profiles."""
    if report.path is not None:
        yield paths.found(report.path)
        if report.path.meaning:
            yield one_line(report.path.meaning, _SENTENCE)
    if report.profiles:
        yield _profiles_found(report)


def _profiles_found(report: Report) -> str:
    marks: dict[str, list[str]] = {mark: [] for mark in _ORDER}
    for profile in report.profiles:
        marks[mark_of(profile, report)].append(name_of(profile))
    count = len(report.profiles)
    parts = []
    for mark, said in zip(_ORDER, ("fail", "open", "fail, not counted", "open, not counted", "pass"), strict=True):
        names = marks[mark]
        if names:
            which = f" ({paths.listed(names)})" if mark in ("fail", "open") else ""
            parts.append(f"{len(names)} {said}{which}")
    return f"{count} profile{'' if count == 1 else 's'}: {' · '.join(parts)}"


def direct(stream: StreamReport) -> str:
    """The endpoint's own figures, without a hop."""
    figures = stream.metrics
    gaps = f"ITL p50 {human_ms(figures.itl_ms.p50)}, max {human_ms(figures.itl_ms.max)}"
    return f"TTFT {human_ms(figures.ttft_ms)} · {gaps} · {rate(stream)} · {stream.ending}"


def figures(profile: ProfileReport) -> tuple[str, str, str, str, str]:
    """TTFT, added delay at the median and at most, events a burst, ending."""
    delay = profile.added_delay_ms
    burst = "—" if profile.burst_events is None else f"{profile.burst_events:,.4g}"
    ending = "no stream" if profile.ending is None else str(profile.ending)
    return human_ms(profile.ttft_ms), human_ms(delay.p50), human_ms(delay.max), burst, ending


def figures_line(profile: ProfileReport) -> str:
    """The same as a line."""
    ttft, p50, most, burst, ending = figures(profile)
    lumps = ""
    if profile.burst_events is not None and profile.burst_events > 1:
        every = "" if profile.burst_period_ms is None else f", every {human_ms(profile.burst_period_ms)}"
        lumps = f" · {burst} events a burst{every}"
    return f"TTFT {ttft} · added p50 {p50}, max {most}{lumps} · {ending}"


def cures(profile: ProfileReport) -> list[RemedyReport]:
    """What was seen to help: the endpoint's remedies, then the client's, then the hop's."""
    helped = [each for each in profile.tried if each.helped]
    known = {each.remedy for each in helped}
    helped += [RemedyReport(each, "", helped=True, said="") for each in profile.remedies if each not in known]
    return sorted(helped, key=lambda each: _WHERE.index(each.where) if each.where in _WHERE else len(_WHERE))[:_LISTED]


def cure(remedy: RemedyReport) -> tuple[str, str]:
    """Who can do it and what; and what was seen then."""
    who = f"{one_line(remedy.where, 40)}: " if remedy.where else ""
    return f"{who}{one_line(remedy.remedy, _SENTENCE)}", one_line(remedy.said, _SENTENCE)


def without_cure(profile: ProfileReport) -> bool:
    """Whether remedies were tried and none helped."""
    return not cures(profile) and any(each.helped is False for each in profile.tried)


def in_vain(profile: ProfileReport) -> str:
    """What was tried and did not help, empty if there is nothing."""
    return "; ".join(one_line(each.remedy, 200) for each in profile.tried[:_LISTED] if each.helped is False)


def untried(profile: ProfileReport) -> str:
    """What could not be tried, and why."""
    left = [each for each in profile.tried[:_LISTED] if each.helped is None]
    return "; ".join(f"{one_line(each.remedy, 200)} ({one_line(each.said, 200)})" for each in left)


def limit_told(limit: LimitReport) -> tuple[str, str, str]:
    """Which limit, what became of it, and what that was read from."""
    pace = f"; tried {limit.scale:,.3g} times faster" if limit.scale > 1 else ""
    answer = _ANSWERS.get(limit.answer, one_line(limit.answer, 40))
    return f"{one_line(limit.limit, 40)} {limit.limit_s:g} s", answer, f"{one_line(limit.said, _SENTENCE)}{pace}"


def abort_told(abort: ProfileAbort) -> str:
    """When the server learns that its client has left."""
    overrun = "" if not abort.overrun_tokens else f", {abort.overrun_tokens:,} tokens for nobody"
    if abort.answer is Answer.UNKNOWN:
        return f"unknown: {one_line(abort.reason or 'there is no evidence', _SENTENCE)}"
    if abort.closed_ms is None:
        never = abort.answer is Answer.RUNNING
        return ("the server never learns of it: it generates to the end" if never else "the server stops") + overrun
    on = ", and goes on" if abort.answer is Answer.RUNNING else ""
    return f"the server learns of it after {human_ms(abort.closed_ms)}{on}{overrun}"


def aborts_told(report: Report) -> Iterator[tuple[str, Answer, list[str], str]]:
    """The same for all profiles, with those together that are alike: when, which answer, which profiles, and more."""
    left = [(each, each.abort) for each in report.profiles if each.abort is not None]
    timed = [pair for pair in left if pair[1].answer is Answer.STOPPED and pair[1].closed_ms is not None]
    timed.sort(key=lambda pair: pair[1].closed_ms or 0.0)
    while timed:
        first = timed[0][1].closed_ms or 0.0
        together = [pair for pair in timed if (pair[1].closed_ms or 0.0) <= max(_AT_ONCE_MS, _NEAR * first)]
        timed = timed[len(together) :]
        span = dict.fromkeys(human_ms(abort.closed_ms) for _, abort in (together[0], together[-1]))
        yield f"after {' to '.join(span)}", Answer.STOPPED, *_whose(together)
    others: dict[tuple[str, Answer], list[tuple[ProfileReport, ProfileAbort]]] = {}
    for profile, abort in left:
        if abort.answer is not Answer.STOPPED or abort.closed_ms is None:
            when = _UNTIMED[abort.answer] if abort.closed_ms is None else "and goes on"
            others.setdefault((when, abort.answer), []).append((profile, abort))
    for (when, answer), pairs in others.items():
        yield when, answer, *_whose(pairs)


def _whose(pairs: list[tuple[ProfileReport, ProfileAbort]]) -> tuple[list[str], str]:
    """Which profiles, and what there is to say of all of them."""
    overrun = max(abort.overrun_tokens or 0 for _, abort in pairs)
    reasons = dict.fromkeys(one_line(abort.reason, 200) for _, abort in pairs if abort.reason)
    said = [f"up to {overrun:,} tokens for nobody"] if overrun else []
    return [name_of(profile) for profile, _ in pairs], "; ".join([*said, *list(reasons)[:3]])


def told(profile: ProfileReport) -> Iterator[tuple[str, str]]:
    """All that there is to tell of a profile after its figures, with labels."""
    if profile.meaning:
        yield "meaning", meaning(profile)
    if profile.reason:
        yield "seen", one_line(profile.reason, _SENTENCE)
    if profile.cause is not None:
        yield "cause", one_line(profile.cause, _SENTENCE)
    for each in cures(profile):
        what, seen = cure(each)
        yield "helps", f"{what} ({seen})" if seen else what
    for label, said in (("did not help", in_vain(profile)), ("not tried", untried(profile))):
        if said:
            yield label, said
    for limit in profile.limits[:_LISTED]:
        which, answer, seen = limit_told(limit)
        yield "limit", f"{which}, {answer}: {seen}"
    if profile.abort is not None:
        yield "when the client leaves", abort_told(profile.abort)
    if profile.ending_reason:
        yield "ending", one_line(profile.ending_reason, _SENTENCE)
    yield "basis", one_line(profile.basis, _SENTENCE)
    for note in profile.notes[:_LISTED]:
        yield "note", one_line(note, _SENTENCE)


def counts(profile: ProfileReport, report: Report) -> bool:
    """Whether this profile keeps the report from passing."""
    wrong = profile.verdict is not Verdict.PASS and is_counted(profile, report)
    return wrong and report.exit_code != exit_codes.PASS
