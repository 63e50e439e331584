"""Fetches small documents beside the measured stream, from a thread of its own: bounded in size and in time."""

import time
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from sseprobe.config.options.connection import ConnectOptions, verification
from sseprobe.redaction import redact_url
from sseprobe.text import one_line

if TYPE_CHECKING:
    import httpx

MAX_BYTES: Final = 8 * 1024 * 1024
_STEP_BYTES: Final = 64 * 1024
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


class FetchError(Exception):
    """A document could not be fetched; the message is the end of a sentence."""


class Document(NamedTuple):
    """A document. `content_type`: of the response; empty if there was none."""

    body: bytes
    content_type: str


class Fetcher:
    """Fetches one URL repeatedly over one connection; `limit_s` for each request.

    `transport`: carries the requests instead of a transport of httpx's own.
    """

    def __init__(
        self, url: str, options: ConnectOptions, limit_s: float, transport: "httpx.BaseTransport | None" = None
    ) -> None:
        import httpx  # --help imports the witnesses: it must stay fast

        self._url = url
        self._limit_s = limit_s
        # A proxy from the environment is not used for this machine.
        local = (urlsplit(url).hostname or "") in _LOCAL
        secure = urlsplit(url).scheme == "https"
        self._client = httpx.Client(
            verify=verification(options) if secure else False,
            trust_env=options.use_environment and not local,
            timeout=limit_s,
            transport=transport,
            headers={"Accept-Encoding": "identity", "User-Agent": "sseprobe"},
        )

    def get(self, url: str | None = None) -> Document:
        """The document at the URL, or at another one of the same server. Raises FetchError."""
        import httpx

        url = url or self._url
        begun_s = time.monotonic()
        try:
            with self._client.stream("GET", url) as response:
                body = b""
                for piece in response.iter_bytes(_STEP_BYTES):
                    body += piece
                    if len(body) > MAX_BYTES:
                        raise FetchError(f"{redact_url(url)} answered more than {MAX_BYTES >> 20} MiB")
                    if time.monotonic() - begun_s > self._limit_s:
                        raise FetchError(f"{redact_url(url)} did not finish within {self._limit_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            problem = (
                f"no answer within {self._limit_s:g} s" if isinstance(error, httpx.TimeoutException) else str(error)
            )
            raise FetchError(f"{redact_url(url)}: {one_line(problem or type(error).__name__, 200)}") from error
        if response.status_code != 200:
            shown = one_line(body[:300].decode(errors="replace"), 200)
            raise FetchError(f"{redact_url(url)} answered {response.status_code} ({shown or 'an empty body'})")
        return Document(body, response.headers.get("content-type", ""))

    def close(self) -> None:
        self._client.close()
