"""Remedies for a proxy that delays or cuts streams: the candidates. Only those that helped when tried are reported."""

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
PROXY: Final = "hop"
PLACES: Final = (ENDPOINT, CLIENT, PROXY)
"""Where the change is made, in the order of the report."""

HEARTBEAT_S: Final = 15.0
"""Short enough for every idle limit that is known (facts: the tightest is 20 s)."""

_ENDING_KNOBS: Final = frozenset({*LIMITS.values(), "max_bytes", "on_timeout", "status"})
_ABORT_KNOBS: Final = frozenset({"client_abort", "half_close"})

_NO_BUFFERING: Final = "X-Accel-Buffering: no"
_EVENT_STREAM: Final = "text/event-stream"
_NO_TRANSFORM: Final = "Cache-Control: no-cache, no-transform"


class Remedy(Struct, frozen=True):
    """A change to try. `faults`: between the endpoint and the proxy; `change_request`: makes the request with it;
    `profile`: the changed profile.

    `last_resort`: only if nothing simpler helps.
    """

    text: str
    where: str
    faults: tuple[FaultFactory, ...] = ()
    change_request: Callable[[Request], Request] | None = None
    profile: Profile | None = None
    last_resort: bool = False

    def plan(self, plan: StreamPlan) -> StreamPlan:
        """The plan of a stream with this remedy."""
        return (
            plan
            if self.change_request is None
            else msgspec.structs.replace(plan, request=self.change_request(plan.request))
        )


def candidates(
    profile: Profile, plan: StreamPlan, head: Head, framing: Framing, *, scale: float, cut: bool
) -> list[Remedy]:
    """Changes that this endpoint, which answers with `head`, its client or the proxy's operator could make.

    `scale`: how much faster time runs. `cut`: the proxy ended the stream; else it delayed it.
    """
    if cut:
        heartbeat = (
            [_heartbeat(HEARTBEAT_S / scale)] if framing is Framing.SSE and "idle" in profile.time_limits else []
        )
        return [*heartbeat, *_of_proxy(profile, cut=True)]
    return [*_headers(head, framing), *_of_client(profile, plan.request), *_of_proxy(profile, cut=False)]


def _headers(head: Head, framing: Framing) -> list[Remedy]:
    missing: list[Remedy] = []
    if (head.header("x-accel-buffering") or "").strip().lower() != "no":
        missing.append(_sends(_NO_BUFFERING))
    if "no-transform" not in (head.header("cache-control") or "").lower():
        missing.append(_sends(_NO_TRANSFORM))
    if framing is Framing.SSE and media_type(head.header("content-type")) != _EVENT_STREAM:
        missing.append(_sends(f"Content-Type: {_EVENT_STREAM}"))
    if len(missing) > 1:
        together = tuple(factory for remedy in missing for factory in remedy.faults)
        names = " and ".join(remedy.text.removeprefix("send ") for remedy in missing)
        missing.append(Remedy(f"send {names}", ENDPOINT, together, last_resort=True))
    return missing


def _heartbeat(seconds: float) -> Remedy:
    text = f"send a heartbeat (a comment, or the API's ping) every {HEARTBEAT_S:g} s while nothing else comes"
    return Remedy(text, ENDPOINT, (lambda: Heartbeat(seconds),))


def _sends(header: str) -> Remedy:
    name, _, value = header.partition(": ")
    return Remedy(f"send {header}", ENDPOINT, (lambda: Add(name, value),))


def _of_client(profile: Profile, request: Request) -> list[Remedy]:
    remedies = []
    if profile.knobs.gzip != "off":
        remedies.append(
            Remedy("ask without compression (Accept-Encoding: identity)", CLIENT, change_request=_uncompressed)
        )
    if request.method == "GET" and profile.knobs.method_rule:
        remedies.append(Remedy("use POST instead of GET", CLIENT, (lambda: Method("GET"),), _by_post))
    return remedies


def _uncompressed(request: Request) -> Request:
    kept = [header for header in request.headers if header[0].lower() != "accept-encoding"]
    return msgspec.structs.replace(request, headers=[*kept, ("Accept-Encoding", "identity")])


def _by_post(request: Request) -> Request:
    return msgspec.structs.replace(request, method="POST", body=request.body or b"")


def _of_proxy(profile: Profile, *, cut: bool) -> list[Remedy]:
    """What the proxy's operator could change."""
    return [
        Remedy(each.text, PROXY, profile=profile.with_knobs(each.set))
        for each in profile.remedies
        if any((knob in _ENDING_KNOBS) is cut for knob in each.set if knob not in _ABORT_KNOBS)
    ]
