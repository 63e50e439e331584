"""How to reach a target: what the request options of every command say about the connection."""

import ssl
import urllib.request
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from sseprobe.errors import UsageError


class ConnectOptions(Struct, frozen=True):
    """Time limits in seconds; `timeout_s` is for the whole stream. `ca_file`: trust these certificates instead.

    `http10`: the request says HTTP/1.0. `content_timeout_s`: for how long no content may come, whatever else does.
    """

    connect_timeout_s: float = 10.0
    idle_timeout_s: float = 60.0
    timeout_s: float = 300.0
    insecure: bool = False
    ca_file: str | None = None
    http2: bool = False
    proxy_url: str | None = None
    unix_socket: str | None = None
    use_environment: bool = True
    http10: bool = False
    content_timeout_s: float | None = None


_PROXY_SCHEMES: Final = ("http", "https")


def proxy_for(url: str, options: ConnectOptions) -> str | None:
    """The proxy for a URL: `--proxy`, else `HTTPS_PROXY` and its kin, unless `NO_PROXY` names the host.

    Raises UsageError for a proxy that is not an HTTP proxy.
    """
    if options.unix_socket is not None:
        return None
    proxy = options.proxy_url
    source = "--proxy"
    if proxy is None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        bypass = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]  # public since 2.6, not in typeshed
        if not options.use_environment or bypass(f"{host}:{parts.port}" if parts.port else host):
            return None
        environment = urllib.request.getproxies_environment()
        proxy = environment.get(parts.scheme) or environment.get("all")
        source = f"the proxy from the environment ({parts.scheme.upper()}_PROXY or ALL_PROXY)"
    if not proxy:
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        usable = urlsplit(proxy).scheme in _PROXY_SCHEMES and urlsplit(proxy).hostname
    except ValueError:
        usable = None
    if not usable:
        raise UsageError(f"{source}: not the URL of an HTTP proxy. Expected http://HOST:PORT; SOCKS is not supported.")
    return proxy


def verification(options: ConnectOptions) -> ssl.SSLContext:
    """How a server's certificate is checked. Raises UsageError for authorities that cannot be read."""
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--cacert {options.ca_file}: cannot be read as PEM certificates ({error}).") from error
    # Some builds of Python take a connection that just closes for one that TLS has ended: a cut would look complete.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
