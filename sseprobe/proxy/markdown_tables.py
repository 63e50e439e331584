"""The tables of profiles and faults as Markdown. `scripts/generate` writes them into docs/buffering.md and proxy.md."""

import re
from typing import Final

from sseprobe.proxy.faults import all_faults
from sseprobe.proxy.profile import FOLDER, NAMES, SUFFIX, Profile, by_name

BEGIN: Final = "<!-- profiles -->"
END: Final = "<!-- /profiles -->"
_BETWEEN: Final = re.compile(rf"(?<={BEGIN}\n).*(?={END})", re.DOTALL)
_FAULTS: Final = re.compile(r"(?<=<!-- faults -->\n).*(?=<!-- /faults -->)", re.DOTALL)
_HEAD: Final = "| profile | what it does | numbers | what helps |\n|---|---|---|---|\n"


def table() -> str:
    """All built-in profiles, a row each."""
    rows = []
    for name in NAMES:
        profile = by_name(name)
        link = f"[{name}](../sseprobe/proxy/{FOLDER.name}/{name}{SUFFIX})"
        cells = (f"{link}: {profile.title}", profile.summary(), profile.founded, _helps(profile))
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return _HEAD + "".join(rows)


def with_table(page: str) -> str:
    """The page with the table of profiles between its marks."""
    return _BETWEEN.sub(lambda _: table(), page)


def with_faults(page: str) -> str:
    """The page with the table of faults between its marks."""
    rows = [f"| `{kind.syntax.replace('|', chr(92) + '|')}` | {kind.summary} |\n" for kind in all_faults().values()]
    return _FAULTS.sub(lambda _: "| SPEC | does |\n|---|---|\n" + "".join(rows), page)


def _helps(profile: Profile) -> str:
    knobs = profile.knobs
    own = []
    if profile.cause is not None:
        own += ["`X-Accel-Buffering: no`"] * knobs.honour_xab
        own += ["`Cache-Control: no-transform`"] * knobs.honour_no_transform
        own += [f"exactly `Content-Type: {kind}`" for kind in knobs.only_types]
        own += [f"another method than {' or '.join(knobs.method_rule)}"] * bool(knobs.method_rule)
    if "idle" in profile.time_limits:
        own.append(f"a comment at least every {min(15.0, profile.time_limits['idle'] / 2):g} s of silence")
    parts = [f"endpoint: {', '.join(own)}"] if own else []
    if profile.remedies:
        parts.append("proxy: " + ", ".join(f"`{remedy.text}`" for remedy in profile.remedies))
    return "; ".join(parts) or "nothing needed"
