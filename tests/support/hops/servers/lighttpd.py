"""lighttpd with mod_proxy."""

from typing import Final

from tests.support.hops.running import Server, Setup

_CONFIGS: Final = {
    "default": "",
    "stream-response-body 1": "server.stream-response-body = 1",
}


def _files(setup: Setup) -> dict[str, str]:
    return {
        "lighttpd.conf": f"""
server.document-root = "{setup.folder}"
server.upload-dirs = ( "{setup.folder}" )
server.bind = "127.0.0.1"
server.port = {setup.port}
server.modules = ( "mod_proxy" )
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => {setup.origin} )) )
{_CONFIGS[setup.config]}
"""
    }


SERVER: Final = Server(
    name="lighttpd",
    package="lighttpd",
    program="lighttpd",
    asks_version=("-v",),
    configs=tuple(_CONFIGS),
    files=_files,
    command=lambda setup: ["-D", "-f", f"{setup.folder}/lighttpd.conf"],
)
