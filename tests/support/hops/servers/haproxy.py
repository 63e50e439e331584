"""HAProxy."""

from typing import Final

from tests.support.hops.running import IDLE_S, Server, Setup

_CONFIGS: Final = {
    "default": "",
    "http-no-delay": "option http-no-delay",
    "abortonclose": "option abortonclose",
}


def _files(setup: Setup) -> dict[str, str]:
    return {
        "haproxy.cfg": f"""
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server {IDLE_S}s
    {_CONFIGS[setup.config]}
frontend hop
    bind 127.0.0.1:{setup.port}
    default_backend origin
backend origin
    server origin 127.0.0.1:{setup.origin}
"""
    }


SERVER: Final = Server(
    name="haproxy",
    package="haproxy",
    program="haproxy",
    asks_version=("-v",),
    configs=tuple(_CONFIGS),
    files=_files,
    command=lambda setup: ["-db", "-f", f"{setup.folder}/haproxy.cfg"],
)
