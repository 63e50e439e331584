"""Caddy, which keeps what it knows in the user's home."""

from typing import Final

from tests.support.hops.running import Server, Setup

_CONFIGS: Final = {
    "default": "",
    "flush_interval -1": "flush_interval -1",
}


def _files(setup: Setup) -> dict[str, str]:
    return {
        "Caddyfile": f"""
{{
    admin off
    auto_https off
}}
http://127.0.0.1:{setup.port} {{
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{setup.origin} {{
        {_CONFIGS[setup.config]}
    }}
}}
"""
    }


SERVER: Final = Server(
    name="caddy",
    package="caddy",
    program="caddy",
    asks_version=("version",),
    configs=tuple(_CONFIGS),
    files=_files,
    command=lambda setup: ["run", "--adapter", "caddyfile", "--config", f"{setup.folder}/Caddyfile"],
    environment=lambda setup: {
        "HOME": str(setup.folder),
        "XDG_DATA_HOME": f"{setup.folder}/data",
        "XDG_CONFIG_HOME": f"{setup.folder}/config",
    },
)
