"""The simulated hop: `sseprobe proxy` as a process of its own, with a shipped profile whose idle timeout is the tests'."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from sseprobe.proxy.profile import by_name
from sseprobe.proxy.profile_settings import Knobs
from tests.support.hops.running import IDLE_S
from tests.support.processes import started

_LIMITS = ("first_byte_timeout_s", "idle_timeout_s")


def knobs_of(profile: str, remedy: str | None, changes: Mapping[str, object]) -> Knobs:
    """A shipped profile's knobs after one of its remedies and other changes. A limit that it has is the tests'."""
    hop = by_name(profile)
    limits = {limit: IDLE_S for limit in _LIMITS if getattr(hop.knobs, limit)}
    changed = next(each.set for each in hop.remedies if each.text == remedy) if remedy is not None else {}
    return hop.with_knobs({**limits, **changed, **changes}).knobs


@contextlib.contextmanager
def simulated(knobs: Knobs, origin: int) -> Iterator[int]:
    """Runs until the block is over; its port."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in msgspec.to_builtins(knobs).items() if value is not None]
    with tempfile.TemporaryDirectory(prefix="hop-simulated-") as folder:
        profile = Path(folder) / "hop.toml"
        profile.write_text("\n".join(["[knobs]", *lines, ""]))
        words = ("-m", "sseprobe", "proxy", f"http://127.0.0.1:{origin}", "--profile", str(profile))
        with started(*words, "--port", "0", "--json") as told:
            port = urlsplit(told["url"]).port
            assert port is not None
            yield port
