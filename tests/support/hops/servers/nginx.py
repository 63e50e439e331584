"""nginx. Without a master process it stays who it is, and needs no user to become."""

from typing import Final

from tests.support.hops.running import IDLE_S, Server, Setup

_CONFIGS: Final = {
    "default": "",
    "buffering off": "proxy_buffering off;",
    "http/1.1": "proxy_http_version 1.1;",
    "gzip": "proxy_http_version 1.1; gzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/event-stream;",
    "ignore-client-abort": "proxy_ignore_client_abort on;",
}


def _files(setup: Setup) -> dict[str, str]:
    temporary = "\n".join(
        f"{kind}_temp_path {setup.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return {
        "nginx.conf": f"""
daemon off;
master_process off;
pid {setup.folder}/pid;
error_log {setup.folder}/errors;
events {{}}
http {{
    access_log off;
    {temporary}
    server {{
        listen 127.0.0.1:{setup.port};
        location / {{
            proxy_pass http://127.0.0.1:{setup.origin};
            proxy_read_timeout {IDLE_S}s;
            {_CONFIGS[setup.config]}
        }}
    }}
}}
"""
    }


SERVER: Final = Server(
    name="nginx",
    package="nginx-light",
    program="nginx",
    asks_version=("-v",),
    configs=tuple(_CONFIGS),
    files=_files,
    command=lambda setup: ["-p", str(setup.folder), "-e", f"{setup.folder}/errors", "-c", f"{setup.folder}/nginx.conf"],
)
