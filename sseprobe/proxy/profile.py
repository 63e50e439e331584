"""Profiles: named proxies, each a TOML file that says what the proxy does and where every number comes from.

To add one: a file in `profiles/`, and its name here.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from sseprobe.config import toml_file
from sseprobe.config.toml_file import MisfitError
from sseprobe.errors import UsageError
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.profile_settings import Knobs
from sseprobe.text import one_line

NAMES: Final = (
    "transparent",
    "nginx-legacy",
    "nginx-1.30",
    "nginx-gzip-sse",
    "haproxy",
    "apache",
    "lighttpd",
    "full-buffer",
    "caddy-flush-neg1",
    "envoy-default",
    "aws-apigw-buffered",
    "aws-apigw-stream-edge",
    "cloudfront",
    "cloudflare",
    "cloudflared-quick",
    "heroku",
    "azure-appgw-buffered",
    "av-scanner",
    "express-compression",
    "alb",
)
FOLDER: Final = Path(__file__).parent / "profiles"
SUFFIX: Final = ".toml"
_KNOBS: Final = Knobs.__struct_fields__

_Words = Annotated[str, Meta(min_length=1, max_length=1000, description="text in quotes, not empty")]


class OperatorRemedy(Struct, frozen=True, forbid_unknown_fields=True):
    """What the proxy's operator can change. `text`: the line of configuration; `set`: the settings that imitate it."""

    text: _Words
    set: dict[str, Any]
    source: str | None = None


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """A proxy. `verified`: the version that was measured, and when. `signs`: response headers by which such a proxy is
    recognised, in lower case, and what their value contains (empty: anything). `sources`: where each setting is from.
    """

    knobs: Knobs
    name: _Words = ""
    title: _Words = ""
    basis: Literal["measured", "documented", "own"] = "own"
    verified: _Words | None = None
    signs: dict[str, str] = {}
    sources: dict[str, _Words] = {}
    remedies: tuple[OperatorRemedy, ...] = field(default=(), name="remedy")

    def __post_init__(self) -> None:
        """Refuses contradictions, and sources and remedies of unknown settings."""
        if (self.basis == "measured") != (self.verified is not None):
            why = "it says what was measured, and when."
            raise MisfitError(f'verified and basis = "measured" need each other: {why}', "verified")
        for knob in self.sources:
            if knob not in _KNOBS and knob != "signs":
                raise MisfitError(f"{knob}: unknown knob.{_near(knob, _KNOBS)}", "sources", knob)
        for number, remedy in enumerate(self.remedies):
            try:
                self.with_knobs(remedy.set)
            except UsageError as error:
                key = str(error).partition(" ")[0].rstrip(":")
                raise MisfitError(f"remedy {number + 1}: {error}", "remedy", number, "set", key) from None

    def faults(self, *, time_scale: float = 1.0) -> list[FaultFactory]:
        """What makes the faults of one exchange, nearest to the upstream first. `time_scale`: times faster."""
        from sseprobe.proxy.profile_faults import faults_of

        return faults_of(self.knobs, time_scale)

    def with_knobs(self, changes: Mapping[str, object]) -> "Profile":
        """This proxy with other settings, as after a remedy. Raises UsageError where they are wrong."""
        wanted = msgspec.to_builtins(self.knobs) | dict(changes)
        try:
            knobs = msgspec.convert(wanted, Knobs)
        except msgspec.ValidationError as error:
            raise UsageError(toml_file.explained(error, wanted, Knobs)) from None
        return msgspec.structs.replace(self, knobs=knobs, remedies=())  # they are for the unchanged settings

    @property
    def time_limits(self) -> dict[str, float]:
        """The limits in seconds: `first-byte`, `idle`, `total`; without those that it does not have."""
        return self.knobs.time_limits

    @property
    def cause(self) -> str | None:
        """How it delays data, in words; None if it does not."""
        from sseprobe.proxy.profile_faults import buffering_of

        return buffering_of(self.knobs)

    @property
    def founded(self) -> str:
        """Where its numbers come from, in words."""
        if self.verified is not None:
            return f"measured with {self.verified}"
        return "from documentation, not measured" if self.basis == "documented" else "your own profile"

    def summary(self) -> str:
        """What it does, in one line, limits included."""
        from sseprobe.proxy.profile_faults import summary_of

        return summary_of(self.knobs)


def by_name(name: str) -> Profile:
    """The shipped profile of this name, or a user's file: a path with a separator, or one that ends in `.toml`."""
    if name in NAMES:
        return _load(FOLDER / f"{name}{SUFFIX}")
    if name.endswith(SUFFIX) or any(separator in name for separator in (os.sep, os.altsep) if separator):
        return _load(Path(name))
    raise UsageError(
        f"{one_line(name) or 'empty name'}: unknown profile.{_near(name.lower(), NAMES)} "
        f"Known are: {', '.join(NAMES)}; or give the path of a file that ends in {SUFFIX}."
    )


def _load(path: Path) -> Profile:
    profile = toml_file.read(path, Profile, _misplaced)
    name = profile.name or one_line(path.name.removesuffix(SUFFIX), 60)
    return msgspec.structs.replace(profile, name=name, title=profile.title or name)


def _misplaced(key: str) -> str | None:
    return ". It belongs under [knobs]." if key in _KNOBS else None


def _near(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, 1, 0.5)
    return f" Did you mean {near[0]}?" if near else ""
