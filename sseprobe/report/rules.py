"""What a report says of rules: their findings, the probes behind them, the baseline, and other people's readers."""

from msgspec import Struct

from sseprobe.rules.base import Kind, RuleVerdict, Severity


class Excerpt(Struct, frozen=True):
    """The bytes of a finding in their surroundings, as one line that may be shown: control characters as symbols."""

    before: str
    marked: str
    after: str


class FindingReport(Struct, frozen=True):
    """One violation. `key`: what it is, the same whatever the message says (`OAI004/missing-name`).

    `span`: byte range in the body; `event`: which event of it, from 0; `t_ms`: its arrival. `stream`: which of
    `streams`, None where the finding is of no single one. `baselined`: the baseline expects it.
    """

    key: str
    message: str
    expected: str | None
    actual: str | None
    span: tuple[int, int] | None
    event: int | None
    t_ms: float | None
    stream: int | None = None
    excerpt: Excerpt | None = None
    baselined: bool = False


class RuleResult(Struct, frozen=True):
    """What one rule says of all that was seen. `reason`: why it could not be judged. `more`: findings not listed.

    `named`: `--select` or `--probe` asked for it, so that it counts if it stays inconclusive.
    """

    rule: str
    severity: Severity
    kind: Kind
    verdict: RuleVerdict
    title: str
    reason: str | None
    spec: str
    findings: list[FindingReport]
    more: int = 0
    named: bool = False


class ProbeReport(Struct, frozen=True):
    """An active probe: whether it ran, and if not, why."""

    probe: str
    ran: bool
    detail: str


class BaselineReport(Struct, frozen=True):
    """What became of the expected findings. `stale`: the keys of those that no longer occur, which is a failure."""

    file: str
    expected: int
    stale: list[str]


class ReaderReport(Struct, frozen=True):
    """Someone else's parser on the same bytes. `agrees`: None where it could not be run; `differences` says why."""

    reader: str
    version: str | None
    agrees: bool | None
    differences: list[str]
