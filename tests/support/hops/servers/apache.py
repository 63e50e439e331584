"""Apache httpd with mod_proxy_http. It refuses to serve as root."""

from typing import Final

from tests.support.hops.running import IDLE_S, Server, Setup

_MODULES: Final = "/usr/lib/apache2/modules"
_LOADED: Final = ("mpm_event", "authz_core", "proxy", "proxy_http")


def _files(setup: Setup) -> dict[str, str]:
    modules = "\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in _LOADED)
    user = "User www-data\nGroup www-data" if setup.is_root else ""
    return {
        "apache.conf": f"""
ServerRoot {setup.folder}
ServerName 127.0.0.1
DefaultRuntimeDir {setup.folder}
PidFile {setup.folder}/pid
ErrorLog {setup.folder}/errors
Mutex pthread
Listen 127.0.0.1:{setup.port}
{modules}
{user}
StartServers 1
ProxyTimeout {IDLE_S}
ProxyPass / http://127.0.0.1:{setup.origin}/
"""
    }


SERVER: Final = Server(
    name="apache",
    package="apache2",
    program="apache2",
    asks_version=("-v",),
    configs=("default",),
    files=_files,
    command=lambda setup: ["-DFOREGROUND", "-f", f"{setup.folder}/apache.conf"],
)
