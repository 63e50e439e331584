"""Varnish, which compiles its configuration with a C compiler."""

from typing import Final

from tests.support.hops.running import IDLE_S, Server, Setup


def _files(setup: Setup) -> dict[str, str]:
    return {
        "hop.vcl": f"""
vcl 4.1;
backend origin {{
    .host = "127.0.0.1";
    .port = "{setup.origin}";
    .first_byte_timeout = {IDLE_S}s;
    .between_bytes_timeout = {IDLE_S}s;
}}
sub vcl_recv {{ return ({setup.config}); }}
"""
    }


SERVER: Final = Server(
    name="varnish",
    package="varnish",
    program="varnishd",
    asks_version=("-V",),
    configs=("pass", "pipe"),
    files=_files,
    command=lambda setup: [
        *("-F", "-j", "none", "-n", f"{setup.folder}/work", "-a", f"127.0.0.1:{setup.port}"),
        *("-f", f"{setup.folder}/hop.vcl", "-s", "malloc,8m", "-p", f"pipe_timeout={IDLE_S}"),
    ],
)
