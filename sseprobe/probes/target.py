"""The target of a probe: a URL, or the bundled mock where none is given."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import msgspec

from sseprobe import dialects
from sseprobe.config.options.connection import ConnectOptions
from sseprobe.config.options.request import RequestOptions
from sseprobe.dialects.own.dialect import MOCK_PATH
from sseprobe.errors import UsageError
from sseprobe.mock_process import running_mock_async
from sseprobe.probes.request import known_dialect

MOCK_SCENARIO: Final = "itl_ms=10"
"""The bundled mock under test: quick enough for many trials, slow enough to abort mid-stream."""

_MESSAGE: Final = '{"message": "Write a long story about a lighthouse keeper."}'


class ResolvedTarget(NamedTuple):
    """A URL and the options for it. `mock_url`, `truth_url`: of the bundled mock, if that is tested."""

    url: str
    request: RequestOptions
    connect: ConnectOptions
    mock_url: str | None
    truth_url: str | None


@contextlib.asynccontextmanager
async def resolved_target(
    url: str | None, request: RequestOptions, connect: ConnectOptions, **settings: Any
) -> AsyncIterator[ResolvedTarget]:
    """The URL with its options; without a URL, a mock that runs for as long as the block lasts.

    The mock serves the named dialect, without a name the first in the table. `settings`: of the mock.

    Raises UsageError, and SseprobeError if the mock does not start.
    """
    if url is not None:
        yield ResolvedTarget(url, request, connect, None, None)
        return
    if connect.proxy_url is not None or connect.unix_socket is not None:
        raise UsageError("--proxy and --unix-socket need a URL: the bundled mock is reached directly.")
    spoken = known_dialect(request, "") or dialects.by_name(dialects.NAMES[0])
    if request.data is None and spoken.path == MOCK_PATH:
        # The mock's own app wants a body; for a vendor's API the dialect builds it.
        request = msgspec.structs.replace(request, data=_MESSAGE)
    connect = msgspec.structs.replace(connect, use_environment=False)
    async with running_mock_async(**settings) as mock:
        yield ResolvedTarget(mock.url + spoken.path, request, connect, mock.url, mock.truth_url)
