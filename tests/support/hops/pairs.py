"""Which configuration of a real server is compared with which simulated hop."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from sseprobe.proxy.profile_settings import Knobs
from tests.support.hops.comparing import best, disagreements
from tests.support.hops.measuring import Measured, measure
from tests.support.hops.origin import CHUNKED, origin
from tests.support.hops.running import IDLE_S, Server
from tests.support.hops.servers import SERVERS
from tests.support.hops.simulated import knobs_of, simulated

_XAB: Final = ("X-Accel-Buffering: no",)
_SHORT: Final = {_XAB[0]: "XAB", CHUNKED: "in chunks"}
_ATTEMPTS: Final = 6


@dataclass(frozen=True)
class Pair:
    """`server` as `config` has it, and `profile` after `remedy` and `changes`. `gzip`: the client accepts it; `headers`:
    of the origin. `without`: what the profile does not claim to imitate, see `comparing`; `because`: why.
    """

    server: str
    config: str
    profile: str
    remedy: str | None = None
    changes: Mapping[str, object] = field(default_factory=dict)
    gzip: bool = False
    headers: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    because: str = ""

    def __str__(self) -> str:
        return " ".join([self.server, self.config, *(_SHORT[header] for header in self.headers)])

    @property
    def real(self) -> Server:
        """The real server."""
        return SERVERS[self.server]

    @property
    def knobs(self) -> Knobs:
        """The simulated hop."""
        return knobs_of(self.profile, self.remedy, self.changes)


_RACES: Final = "what nginx holds when the server resets is lost at one time and sent at another"
PAIRS: Final = (
    Pair("nginx", "default", "nginx-legacy", without=("cut",), because=_RACES),
    Pair("nginx", "default", "nginx-legacy", headers=_XAB),
    Pair(
        "nginx",
        "default",
        "nginx-legacy",
        headers=(CHUNKED,),
        without=("cut",),
        because="a body in chunks that is cut is another matter to nginx",
    ),
    Pair("nginx", "buffering off", "nginx-legacy", remedy="proxy_buffering off;"),
    Pair("nginx", "http/1.1", "nginx-1.30"),
    Pair("nginx", "http/1.1", "nginx-1.30", headers=_XAB),
    Pair("nginx", "gzip", "nginx-gzip-sse", gzip=True),
    Pair("nginx", "gzip", "nginx-gzip-sse", gzip=True, headers=_XAB),
    Pair(
        "nginx",
        "ignore-client-abort",
        "nginx-legacy",
        changes={"client_abort": "ignore", "half_close": "ignore"},
        without=("cut",),
        because=_RACES,
    ),
    Pair("haproxy", "default", "haproxy"),
    Pair("haproxy", "http-no-delay", "haproxy", remedy="option http-no-delay"),
    Pair("haproxy", "abortonclose", "haproxy", remedy="option abortonclose"),
    Pair("apache", "default", "apache"),
    Pair("lighttpd", "default", "lighttpd"),
    Pair("lighttpd", "stream-response-body 1", "lighttpd", remedy="server.stream-response-body = 1"),
    Pair("caddy", "default", "transparent", changes={"on_cut": "hide"}),
    Pair("caddy", "flush_interval -1", "caddy-flush-neg1"),
    Pair(
        "varnish",
        "pass",
        "apache",
        changes={"status": 503},
        without=("cut",),
        because="it loses the last event of a cut",
    ),
    Pair(
        "varnish",
        "pipe",
        "transparent",
        changes={"idle_timeout_s": IDLE_S, "first_byte_timeout_s": IDLE_S},
        without=("mute",),
        because="a pipe closes without an answer",
    ),
)


@dataclass(frozen=True)
class Comparison:
    """The real hop, the simulated one, and where they differ."""

    real: Measured
    simulated: Measured
    differ: list[str]


def compare(pair: Pair) -> Comparison:
    """Measures both at once, before one origin; again if they differ, see `best`."""
    attempts: list[tuple[Measured, Measured]] = []
    with (
        origin() as serving,
        pair.real.running(pair.config, serving.port) as real,
        simulated(pair.knobs, serving.port) as imitation,
        ThreadPoolExecutor(2) as pool,
    ):
        while True:
            running = [
                pool.submit(measure, port, serving, headers=pair.headers, gzip=pair.gzip) for port in (real, imitation)
            ]
            attempts.append((running[0].result(), running[1].result()))
            measured = best([first for first, _ in attempts]), best([second for _, second in attempts])
            differ = disagreements(*measured, without=pair.without)
            if not differ or len(attempts) == _ATTEMPTS:
                return Comparison(*measured, differ)
