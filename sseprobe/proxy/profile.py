"""Profiles: named hops, each a TOML file that says what the hop does and where every number comes from.

To add one: a file in `profiles/`, and its name here.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from sseprobe.config import toml_file
from sseprobe.config.toml_file import MisfitError
from sseprobe.errors import UsageError
from sseprobe.proxy.fault import Fault
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


class Cure(Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator of the hop can change. `said`: the line of configuration; `set`: the knobs that simulate it."""

    said: _Words
    set: dict[str, Any]
    source: str | None = None


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """A hop. `verified`: the version that was measured, and when. `signs`: headers of answers by which such a hop gives
    itself away, in lower case, and what their value contains (empty: anything). `sources`: where each knob comes from.
    """

    knobs: Knobs
    name: _Words = ""
    title: _Words = ""
    basis: Literal["measured", "documented", "own"] = "own"
    verified: _Words | None = None
    signs: dict[str, str] = {}
    sources: dict[str, _Words] = {}
    cures: tuple[Cure, ...] = field(default=(), name="cure")

    def __post_init__(self) -> None:
        """Refuses what contradicts itself, and sources and cures of knobs that there are not."""
        if (self.basis == "measured") != (self.verified is not None):
            why = "it says what was measured, and when."
            raise MisfitError(f'verified goes with basis = "measured", and only with it: {why}', "verified")
        for knob in self.sources:
            if knob not in _KNOBS and knob != "signs":
                raise MisfitError(f"{knob}: not a knob that could have a source.{_near(knob, _KNOBS)}", "sources", knob)
        for number, cure in enumerate(self.cures):
            try:
                self.with_knobs(cure.set)
            except UsageError as error:
                key = str(error).partition(" ")[0].rstrip(":")
                raise MisfitError(f"cure {number + 1}: {error}", "cure", number, "set", key) from None

    def faults(self, *, time_scale: float = 1.0) -> list[Callable[[], Fault]]:
        """What makes the faults of one exchange, nearest to the upstream first. `time_scale`: times faster."""
        from sseprobe.proxy.profile_faults import faults_of

        return faults_of(self.knobs, time_scale)

    def with_knobs(self, changes: Mapping[str, object]) -> "Profile":
        """This hop with other knobs, as after a cure. Raises UsageError where they are wrong."""
        wanted = msgspec.to_builtins(self.knobs) | dict(changes)
        try:
            knobs = msgspec.convert(wanted, Knobs)
        except msgspec.ValidationError as error:
            raise UsageError(toml_file.explained(error, wanted, Knobs)) from None
        return msgspec.structs.replace(self, knobs=knobs, cures=())  # they were of the hop as it was

    @property
    def time_limits(self) -> dict[str, float]:
        """The limits in seconds: `first-byte`, `idle`, `total`; without those that it does not have."""
        return self.knobs.time_limits

    @property
    def cause(self) -> str | None:
        """How it holds back, in words; None if it does not."""
        return self.knobs.holding

    @property
    def founded(self) -> str:
        """Where its numbers come from, in words."""
        if self.verified is not None:
            return f"measured with {self.verified}"
        return "from documentation, not measured" if self.basis == "documented" else "a profile of your own"

    def summary(self) -> str:
        """What it does, in one line, limits included."""
        return self.knobs.summary()


def by_name(name: str) -> Profile:
    """The shipped profile of this name; a word with a separator in it, or that ends in `.toml`, is a user's file."""
    if name in NAMES:
        return _load(FOLDER / f"{name}{SUFFIX}")
    if name.endswith(SUFFIX) or any(separator in name for separator in (os.sep, os.altsep) if separator):
        return _load(Path(name))
    raise UsageError(
        f"{one_line(name) or 'an empty word'}: not a profile that sseprobe knows.{_near(name.lower(), NAMES)} "
        f"Known are: {', '.join(NAMES)}; or the path of a file that ends in {SUFFIX}."
    )


def _load(path: Path) -> Profile:
    profile = toml_file.read(path, Profile, _misplaced)
    name = profile.name or one_line(path.name.removesuffix(SUFFIX), 60)
    return msgspec.structs.replace(profile, name=name, title=profile.title or name)


def _misplaced(key: str) -> str | None:
    return ". It is a knob, which belongs under [knobs]." if key in _KNOBS else None


def _near(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, 1, 0.5)
    return f" Did you mean {near[0]}?" if near else ""
