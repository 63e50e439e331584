"""Report types of rules: findings, active probes, the baseline, and third-party readers."""

from msgspec import Struct

from sseprobe.rules.base import Kind, RuleVerdict, Severity


class Excerpt(Struct, frozen=True):
    """The bytes of a finding in their surroundings, as one line that may be shown: control characters as symbols."""

    before: str
    marked: str
    after: str


class FindingReport(Struct, frozen=True):
    """One violation. `key`: identifies it, whatever the message, such as `OAI004/missing-name`.

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
    """The result of one rule over all streams. `reason`: why it could not be judged. `more`: findings not listed.

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
    """An active probe: whether it ran. `detail`: what it did, or why it did not run."""

    probe: str
    ran: bool
    detail: str


class BaselineReport(Struct, frozen=True):
    """The baseline. `expected`: its number of entries; `stale`: the keys that no longer occur, which is a failure."""

    file: str
    expected: int
    stale: list[str]


class ReaderReport(Struct, frozen=True):
    """A third-party parser on the same bytes. `agrees`: None where it could not run; `differences` has the reason."""

    reader: str
    version: str | None
    agrees: bool | None
    differences: list[str]
