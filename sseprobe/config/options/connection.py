"""The connection options: how a target is reached, and within which limits."""

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from msgspec import Struct

from sseprobe.config.options.option import Option
from sseprobe.errors import UsageError

if TYPE_CHECKING:  # `--version` and `--help` need no network
    import ssl


class ConnectOptions(Struct, frozen=True):
    """Time limits in seconds; `timeout_s` is for the whole stream. `ca_file`: trust these certificates instead.

    `content_timeout_s`: for how long no content may come, whatever else does. Set by the code alone:
    `use_environment`, whether a proxy from the environment is used; `http10`, whether the request says HTTP/1.0.
    """

    connect_timeout_s: Annotated[
        float, Option("Seconds to connect.", name="connect-timeout", metavar="S", minimum=0.001)
    ] = 10.0
    idle_timeout_s: Annotated[
        float, Option("Seconds without any byte.", name="idle-timeout", metavar="S", minimum=0.001)
    ] = 60.0
    timeout_s: Annotated[float, Option("Seconds for the whole stream.", name="timeout", metavar="S", minimum=0.001)] = (
        300.0
    )
    insecure: Annotated[bool, Option("Do not verify the certificate.")] = False
    ca_file: Annotated[
        str | None, Option("Trust the certificates in this PEM file.", name="cacert", metavar="FILE")
    ] = None
    http2: Annotated[bool, Option("Use HTTP/2 (needs sseprobe[http2]); to http:// URLs without negotiation.")] = False
    proxy_url: Annotated[
        str | None,
        Option("The HTTP proxy to use. (default: HTTPS_PROXY and related variables)", name="proxy", metavar="URL"),
    ] = None
    unix_socket: Annotated[str | None, Option("Connect to this unix socket.", metavar="PATH")] = None
    use_environment: bool = True
    http10: bool = False
    content_timeout_s: Annotated[
        float | None,
        Option(
            "Seconds without content; heartbeats do not count. (default: no limit)",
            name="content-timeout",
            metavar="S",
            minimum=0.001,
        ),
    ] = None


_PROXY_SCHEMES: Final = ("http", "https")


def proxy_for(url: str, options: ConnectOptions) -> str | None:
    """The proxy for a URL: `--proxy`, else `HTTPS_PROXY` and related variables, unless `NO_PROXY` names the host.

    Raises UsageError for a proxy that is not an HTTP proxy.
    """
    import urllib.request

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


def verification(options: ConnectOptions) -> "ssl.SSLContext":
    """How a server's certificate is checked. Raises UsageError for authorities that cannot be read."""
    import ssl

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
