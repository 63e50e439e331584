"""What a proxy imitates: its profile, then single faults, the last nearest to the client."""

import difflib
from collections.abc import Sequence

from sseprobe.errors import UsageError
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.faults import parse_fault
from sseprobe.proxy.profile import NAMES, Profile, by_name
from sseprobe.text import one_line


class Behaviour:
    """A profile, None for none, and the SPECs of faults. Raises UsageError for an unknown one."""

    def __init__(self, profile: Profile | None, specs: Sequence[str]) -> None:
        self._profile = profile
        self.replace(specs)

    @property
    def profile(self) -> str | None:
        return self._profile.name if self._profile else None

    def replace(self, specs: Sequence[str]) -> None:
        """Other faults; the profile stays. Raises UsageError, and then nothing has changed."""
        made = [parse_fault(spec) for spec in specs]
        self.specs, self._named = list(specs), made

    def use(self, name: str | None) -> None:
        """Another built-in profile; the faults stay. Raises UsageError."""
        if name is not None and name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, 1)
            guess = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(f"{one_line(name, 80)}: not a built-in profile.{guess} Known are: {', '.join(NAMES)}.")
        self._profile = None if name is None else by_name(name)

    def faults(self) -> list[FaultFactory]:
        """All faults, nearest to the upstream first."""
        return [*(self._profile.faults() if self._profile else []), *self._named]

    def __str__(self) -> str:
        """In words, for the start line."""
        if self._profile is None and not self.specs:
            return "passing everything through"
        return "imitating " + ", then ".join([*([self._profile.name] if self._profile else []), *self.specs])

    @staticmethod
    def known() -> dict[str, str]:
        """The built-in profiles and what each imitates."""
        return {name: by_name(name).title for name in NAMES}
