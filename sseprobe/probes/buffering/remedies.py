"""What might help an endpoint behind a hop. Nothing is recommended that was not seen to help: each is tried."""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from sseprobe.http_exchange import Head, Request
from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.faults.add import Add
from sseprobe.proxy.faults.heartbeat import Heartbeat
from sseprobe.proxy.faults.method import Method
from sseprobe.proxy.profile import Profile
from sseprobe.proxy.profile_settings import LIMITS
from sseprobe.sse.framing import Framing, media_type

ENDPOINT: Final = "endpoint"
CLIENT: Final = "client"
HOP: Final = "hop"
PLACES: Final = (ENDPOINT, CLIENT, HOP)
"""Who would have to do it: the nearest to the user first."""

HEARTBEAT_S: Final = 15.0
"""Short enough for every idle limit that is known (facts: the tightest is 20 s)."""

_ENDING_KNOBS: Final = frozenset({*LIMITS.values(), "max_bytes", "on_timeout", "status"})
_LEAVING_KNOBS: Final = frozenset({"client_abort", "half_close"})

_NO_BUFFERING: Final = "X-Accel-Buffering: no"
_EVENT_STREAM: Final = "text/event-stream"
_NO_TRANSFORM: Final = "Cache-Control: no-cache, no-transform"


class Remedy(Struct, frozen=True):
    """Something to try. `faults`: between the endpoint and the hop; `ask`, `profile`: what becomes of these.

    `last_resort`: only if nothing simpler helps.
    """

    said: str
    where: str
    faults: tuple[FaultFactory, ...] = ()
    ask: Callable[[Request], Request] | None = None
    profile: Profile | None = None
    last_resort: bool = False

    def plan(self, plan: StreamPlan) -> StreamPlan:
        """The plan of a stream with this remedy."""
        return plan if self.ask is None else msgspec.structs.replace(plan, request=self.ask(plan.request))


def candidates(
    profile: Profile, plan: StreamPlan, head: Head, framing: Framing, *, scale: float, cut: bool
) -> list[Remedy]:
    """What this endpoint, which answers with `head`, does not do yet and could.

    `scale`: how much faster time runs. `cut`: it is the end that is wrong, not the delay.
    """
    if cut:
        heartbeat = (
            [_heartbeat(HEARTBEAT_S / scale)] if framing is Framing.SSE and "idle" in profile.time_limits else []
        )
        return [*heartbeat, *_of_hop(profile, cut=True)]
    return [*_headers(head, framing), *_of_client(profile, plan.request), *_of_hop(profile, cut=False)]


def _headers(head: Head, framing: Framing) -> list[Remedy]:
    found: list[Remedy] = []
    if (head.header("x-accel-buffering") or "").strip().lower() != "no":
        found.append(_sends(_NO_BUFFERING))
    if "no-transform" not in (head.header("cache-control") or "").lower():
        found.append(_sends(_NO_TRANSFORM))
    if framing is Framing.SSE and media_type(head.header("content-type")) != _EVENT_STREAM:
        found.append(_sends(f"Content-Type: {_EVENT_STREAM}"))
    if len(found) > 1:
        together = tuple(factory for remedy in found for factory in remedy.faults)
        names = " and ".join(remedy.said.removeprefix("send ") for remedy in found)
        found.append(Remedy(f"send {names}", ENDPOINT, together, last_resort=True))
    return found


def _heartbeat(seconds: float) -> Remedy:
    said = f"send a heartbeat (a comment, or the API's ping) every {HEARTBEAT_S:g} s while nothing else comes"
    return Remedy(said, ENDPOINT, (lambda: Heartbeat(seconds),))


def _sends(header: str) -> Remedy:
    name, _, value = header.partition(": ")
    return Remedy(f"send {header}", ENDPOINT, (lambda: Add(name, value),))


def _of_client(profile: Profile, request: Request) -> list[Remedy]:
    found = []
    if profile.knobs.gzip != "off":
        found.append(Remedy("ask without compression (Accept-Encoding: identity)", CLIENT, ask=_uncompressed))
    if request.method == "GET" and profile.knobs.method_rule:
        found.append(Remedy("use POST instead of GET", CLIENT, (lambda: Method("GET"),), _by_post))
    return found


def _uncompressed(request: Request) -> Request:
    kept = [header for header in request.headers if header[0].lower() != "accept-encoding"]
    return msgspec.structs.replace(request, headers=[*kept, ("Accept-Encoding", "identity")])


def _by_post(request: Request) -> Request:
    return msgspec.structs.replace(request, method="POST", body=request.body or b"")


def _of_hop(profile: Profile, *, cut: bool) -> list[Remedy]:
    """What the hop's operator could change about what was seen."""
    return [
        Remedy(each.text, HOP, profile=profile.with_knobs(each.set))
        for each in profile.remedies
        if any((knob in _ENDING_KNOBS) is cut for knob in each.set if knob not in _LEAVING_KNOBS)
    ]
