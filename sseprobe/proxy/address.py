"""Addresses: of the one upstream that a proxy serves, and of loopback, where a proxy listens by default."""

import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from sseprobe.errors import UsageError
from sseprobe.proxy.fault import RequestHead
from sseprobe.redaction import redact_url

LOOPBACK: Final = "127.0.0.1"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class UpstreamAddress:
    """The one server that a proxy forwards to. Raises UsageError for a URL that names none.

    `verify`: how an https server's certificate is checked.
    """

    def __init__(self, url: str, verify: ssl.SSLContext | None = None, connect_timeout_s: float = 10.0) -> None:
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError as error:
            raise UsageError(f"{redact_url(url)}: invalid URL ({error}). Expected http://HOST:PORT.") from error
        if port is None or not parts.hostname:
            raise UsageError(f"{redact_url(url)}: not an upstream. Expected http://HOST:PORT or https://HOST.")
        if parts.path not in ("", "/") or parts.query or parts.username is not None:
            raise UsageError(
                f"{redact_url(url)}: paths and credentials come from the client's requests. "
                f"Give the upstream alone: {parts.scheme}://{parts.hostname}:{port}."
            )
        self.authority = parts.netloc.lower()
        self.url = f"{parts.scheme}://{self.authority}"
        self.connect_timeout_s = connect_timeout_s
        tls = (verify or ssl.create_default_context()) if parts.scheme == "https" else None
        self.connection: dict[str, Any] = {"host": parts.hostname, "port": port, "ssl": tls}

    def address(self, head: RequestHead) -> None:
        """Makes a request one for this server."""
        head.replace(b"Host", self.authority.encode())
