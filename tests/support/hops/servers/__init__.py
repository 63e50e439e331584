"""One file a server: how it is run unprivileged, and its configurations."""

from typing import Final

from tests.support.hops.running import Server
from tests.support.hops.servers import apache, caddy, haproxy, lighttpd, nginx, varnish

SERVERS: Final[dict[str, Server]] = {
    module.SERVER.name: module.SERVER for module in (nginx, haproxy, apache, lighttpd, varnish, caddy)
}
