"""Profiles (`buffer-test`): which simulated proxies break the stream, why, and what was seen to help."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sseprobe import exit_codes
from sseprobe.http_exchange import Ending
from sseprobe.report import ProfileReport, RemedyReport, Report, Verdict
from sseprobe.reporters.blocks import (
    MAX_ROWS,
    VERDICT_TONES,
    Block,
    Cell,
    Column,
    Field,
    Record,
    Records,
    Row,
    Table,
    Tone,
    more_than,
)
from sseprobe.reporters.cases import Case, CaseOutcome
from sseprobe.reporters.sections import profile_aborts, time_limits
from sseprobe.reporters.sections.base import Section
from sseprobe.text import one_line
from sseprobe.units import human_ms

UNFIXABLE: Final = "not counted: no change to the endpoint can fix it"
BESIDE_PATHS: Final = "not counted: with --direct, only the two paths are judged"
WORST: Final = "added = extra delay per event; grouped rows show the worst"
NO_REMEDY: Final = "no tried change helped"

_SENTENCE: Final = 400
_NAMES_SHOWN: Final = 6
_REMEDIES_SHOWN: Final = 20
_IMPERCEPTIBLE_MS: Final = 30.0
_ORDER: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
_WHO: Final = {"endpoint": "endpoint", "client": "client", "hop": "proxy"}
"""Who has to apply a remedy, the nearest to the user first."""
_NUMBER: Final = re.compile(r"[\d.,]+ ?(?:ms|s)?\b")
_COLUMNS: Final = (
    Column("Verdict"),
    Column("Profile", wraps=True),
    Column("TTFT", number=True),
    Column("Added p50", number=True),
    Column("Added max", number=True),
    Column("Events per burst", number=True),
    Column("Ending"),
)


class Alike(Struct, frozen=True):
    """Profiles behind which the stream fares the same, but for numbers."""

    verdict: Verdict
    counted: bool
    profiles: tuple[ProfileReport, ...]

    @property
    def worst(self) -> ProfileReport:
        """The one that adds most delay."""
        return max(self.profiles, key=lambda each: (each.added_delay_ms.max or 0.0, each.ttft_ms or 0.0))

    @property
    def names(self) -> str:
        """In the order in which they were run."""
        return ", ".join(name_of(each) for each in self.profiles)


def summary(report: Report) -> Iterator[str]:
    """How many profiles came to which verdict, and which ones do not pass."""
    if not report.profiles:
        return
    groups: dict[tuple[bool, Verdict], list[str]] = {}
    for profile in report.profiles:
        passed = profile.verdict is Verdict.PASS
        groups.setdefault((passed or is_counted(profile, report), profile.verdict), []).append(name_of(profile))
    parts = []
    for counted in (True, False):
        for verdict in _ORDER:
            if names := groups.get((counted, verdict)):
                which = f" ({_some(names)})" if counted and verdict is not Verdict.PASS else ""
                parts.append(f"{len(names)} {verdict}{which if counted else ' (not counted)'}")
    count = len(report.profiles)
    yield f"{count} profile{'' if count == 1 else 's'}: {' · '.join(parts)}"


def blocks(report: Report) -> Iterator[Block]:
    """What does not pass, worst first; all profiles; those that do not count; in detail, each profile."""
    groups = groups_of(report)
    counted = [each for each in groups if each.counted]
    others = [each for each in groups if not each.counted]
    broken = [each for each in counted if each.verdict is not Verdict.PASS]
    head = ("Profile", "Cause and fix")
    yield Records("Profiles that break the stream", head, tuple(map(_record, broken[:MAX_ROWS])))
    yield Table("Profiles", _COLUMNS, tuple(map(_row, counted[:MAX_ROWS])), ((WORST,),) if counted else ())
    why = why_uncounted(report).removeprefix("not counted: ")
    yield Records("Profiles that are not counted", head, tuple(map(_record, others[:MAX_ROWS])), detail=not report.path)
    notes: tuple[Cell, ...] = ((WORST,),) if others else ()
    yield Table(f"Not counted: {why}", _COLUMNS, tuple(map(_row, others[:MAX_ROWS])), notes)
    yield _each(report)


def cases(report: Report) -> Iterator[Case]:
    """One a profile. What fails without counting is skipped, and says why."""
    for profile in report.profiles:
        outcome = CaseOutcome.PASSED if profile.verdict is Verdict.PASS else CaseOutcome.SKIPPED
        if outcome is CaseOutcome.SKIPPED and is_counted(profile, report) and report.exit_code != exit_codes.PASS:
            outcome = CaseOutcome.FAILED if profile.verdict is Verdict.FAIL else CaseOutcome.ERROR
        message = "" if outcome is CaseOutcome.PASSED else meaning(profile)
        if outcome is CaseOutcome.SKIPPED and not is_counted(profile, report):
            message = f"{why_uncounted(report)}; {message}"
        title = title_of(profile) or "streaming behind this proxy"
        details = (figures_line(profile), *(f"{label}: {text}" for label, text in _details(profile)))
        name = name_of(profile)
        yield Case("profile", name, title, outcome, message, details, key=name)


SECTION: Final = Section("profile", blocks, summary, cases, "The stream still streams behind this proxy")


def name_of(profile: ProfileReport) -> str:
    """Its name, never empty."""
    return one_line(profile.profile, 60) or "-"


def title_of(profile: ProfileReport) -> str:
    """What such a proxy is."""
    return one_line(profile.title, 200)


def meaning(profile: ProfileReport) -> str:
    """What it means to a user."""
    return one_line(profile.meaning, _SENTENCE)


def is_counted(profile: ProfileReport, report: Report) -> bool:
    """Whether this profile's verdict is part of the report's."""
    return profile.counted and report.path is None


def why_uncounted(report: Report) -> str:
    """Why a profile of this report may not count."""
    return UNFIXABLE if report.path is None else BESIDE_PATHS


def groups_of(report: Report) -> list[Alike]:
    """The profiles, those together that differ in nothing but numbers; what counts first, and the worst of it."""
    groups: dict[tuple[object, ...], list[ProfileReport]] = {}
    for profile in report.profiles:
        passed = profile.verdict is Verdict.PASS
        key: tuple[object, ...] = (profile.verdict, passed or is_counted(profile, report), profile.ending)
        if passed:
            key = (*key, _magnitude(profile.added_delay_ms.max))
        else:
            tried = tuple((each.remedy, each.helped) for each in profile.tried)
            key = (*key, profile.cause, _NUMBER.sub("#", profile.meaning), tuple(profile.remedies), tried)
        groups.setdefault(key, []).append(profile)
    found = [Alike(each[0].verdict, bool(key[1]), tuple(each)) for key, each in groups.items()]
    return sorted(found, key=_rank)


def _rank(group: Alike) -> tuple[object, ...]:
    """What counts first, then what fails, then what cuts the answer, then what delays it most."""
    worst = group.worst
    whole = worst.ending is Ending.COMPLETE
    return not group.counted, _ORDER.index(group.verdict), whole, -(worst.added_delay_ms.max or 0.0)


def _magnitude(added_ms: float | None) -> int:
    """Doublings above what nobody sees: within one, profiles that pass are alike."""
    if added_ms is None or added_ms < _IMPERCEPTIBLE_MS:
        return 0
    return 1 + int(math.log2(min(added_ms, 1e9) / _IMPERCEPTIBLE_MS))


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _figures(profile: ProfileReport) -> tuple[str, str, str, str, str]:
    """TTFT, added delay at the median and at most, events per burst, ending."""
    delay = profile.added_delay_ms
    burst = "—" if profile.burst_events is None else f"{profile.burst_events:,.4g}"
    ending = "no stream" if profile.ending is None else str(profile.ending)
    return human_ms(profile.ttft_ms), human_ms(delay.p50), human_ms(delay.max), burst, ending


def figures_line(profile: ProfileReport) -> str:
    """The same as a line."""
    ttft, p50, most, burst, ending = _figures(profile)
    bursts = ""
    if profile.burst_events is not None and profile.burst_events > 1:
        every = "" if profile.burst_period_ms is None else f", every {human_ms(profile.burst_period_ms)}"
        bursts = f" · {burst} events per burst{every}"
    return f"TTFT {ttft} · added p50 {p50}, max {most}{bursts} · {ending}"


def _tone(group: Alike) -> Tone:
    return VERDICT_TONES[group.verdict] if group.counted else Tone.PLAIN


def _row(group: Alike) -> Row:
    cells = (str(group.verdict), group.names, *_figures(group.worst))
    return Row(tuple((cell,) for cell in cells), _tone(group))


def _record(group: Alike) -> Record:
    profile = group.worst
    heading = str(group.verdict)
    if len(group.profiles) == 1:
        heading += f"  {title_of(profile)}"
    fields = [Field("meaning", meaning(profile))]
    if profile.cause is not None:
        fields.append(Field("cause", one_line(profile.cause, _SENTENCE)))
    else:
        fields.append(Field("reason", one_line(profile.reason, _SENTENCE)))
    fields += [Field(label, text, Tone.GOOD) for label, text in _fixes(profile)]
    fields += [Field(label, text) for label, text in _no_fixes(profile)]
    fields += [Field("note", one_line(note, _SENTENCE), Tone.OPEN) for note in profile.notes[:20]]
    return Record(group.names, heading, tuple(fields), _tone(group))


def _each(report: Report) -> Table:
    rows = []
    for profile in report.profiles[:MAX_ROWS]:
        counted = profile.verdict is Verdict.PASS or is_counted(profile, report)
        verdict = f"{profile.verdict}{'' if counted else ' (not counted)'}"
        cells = (verdict, name_of(profile), *_figures(profile), one_line(profile.basis, 200))
        tone = VERDICT_TONES[profile.verdict] if counted else Tone.PLAIN
        rows.append(Row(tuple((cell,) for cell in cells), tone))
    columns = (*_COLUMNS, Column("Basis", wraps=True))
    more = more_than(len(rows), len(report.profiles), "profiles")
    return Table("Each profile", columns, tuple(rows), more, detail=True)


def remedies_of(profile: ProfileReport) -> list[RemedyReport]:
    """What was seen to help: the endpoint's remedies, then the client's, then the proxy's."""
    helped = [each for each in profile.tried if each.helped]
    known = {each.remedy for each in helped}
    helped += [RemedyReport(each, "", helped=True, detail="") for each in profile.remedies if each not in known]
    order = list(_WHO)
    helped.sort(key=lambda each: order.index(each.where) if each.where in order else len(order))
    return helped[:_REMEDIES_SHOWN]


def _fixes(profile: ProfileReport) -> Iterator[tuple[str, str]]:
    """Who can fix it, how, and what was seen then."""
    for each in remedies_of(profile):
        who = f" ({_WHO.get(each.where, one_line(each.where, 20))})" if each.where else ""
        seen = f" ({one_line(each.detail, _SENTENCE)})" if each.detail else ""
        yield f"fix{who}", f"{one_line(each.remedy, _SENTENCE)}{seen}"


def _no_fixes(profile: ProfileReport) -> Iterator[tuple[str, str]]:
    """What did not help, and what could not be tried."""
    tried = profile.tried[:_REMEDIES_SHOWN]
    failed = [one_line(each.remedy, 200) for each in tried if each.helped is False]
    if failed and not remedies_of(profile):
        yield "fix", NO_REMEDY
    if failed:
        yield "did not help", "; ".join(failed)
    untried = [each for each in tried if each.helped is None]
    if untried:
        yield "not tried", "; ".join(f"{one_line(each.remedy, 200)} ({one_line(each.detail, 200)})" for each in untried)


def _details(profile: ProfileReport) -> Iterator[tuple[str, str]]:
    """What a case says of a profile after its figures and its meaning."""
    if profile.reason:
        yield "reason", one_line(profile.reason, _SENTENCE)
    if profile.cause is not None:
        yield "cause", one_line(profile.cause, _SENTENCE)
    yield from _fixes(profile)
    yield from _no_fixes(profile)
    for limit in profile.limits[:20]:
        which, answer, seen = time_limits.words(limit)
        yield "time limit", f"{which}, {answer}: {seen}"
    if profile.abort is not None:
        yield "client abort", profile_aborts.words(profile.abort)
    if profile.ending_reason:
        yield "ending", one_line(profile.ending_reason, _SENTENCE)
    yield "basis", one_line(profile.basis, _SENTENCE)
    for note in profile.notes[:20]:
        yield "note", one_line(note, _SENTENCE)
