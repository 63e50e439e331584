"""The target of a probe: a URL, or the bundled mock where none is given."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import msgspec

from sseprobe import dialects
from sseprobe.config.connection import ConnectOptions
from sseprobe.config.request import RequestOptions
from sseprobe.dialects.own.dialect import MOCK_PATH
from sseprobe.errors import UsageError
from sseprobe.mock_process import running_mock_async
from sseprobe.probes.request import known_dialect

MOCK_SCENARIO: Final = "itl_ms=10"
"""What the bundled mock does when it is tested: quick enough for many trials, slow enough to abort mid-stream."""


_MESSAGE: Final = '{"message": "Write a long story about a lighthouse keeper."}'


class Target(NamedTuple):
    """What to ask, and how. `mock_url`, `truth_url`: of the bundled mock, if it is what is asked."""

    url: str
    request: RequestOptions
    connect: ConnectOptions
    mock_url: str | None
    truth_url: str | None


@contextlib.asynccontextmanager
async def target(
    url: str | None, request: RequestOptions, connect: ConnectOptions, **settings: Any
) -> AsyncIterator[Target]:
    """The options as they are with a URL; without one, pointed at a mock that runs meanwhile.

    There the named dialect is spoken, without a name the first in the table. `settings`: of the mock.

    Raises UsageError, and SseprobeError if the mock does not start.
    """
    if url is not None:
        yield Target(url, request, connect, None, None)
        return
    if connect.proxy_url is not None or connect.unix_socket is not None:
        raise UsageError("--proxy and --unix-socket need a URL: the bundled mock is reached directly.")
    spoken = known_dialect(request, "") or dialects.by_name(dialects.NAMES[0])
    if request.data is None and spoken.path == MOCK_PATH:
        # Its app answers POST; the body of a vendor's request the dialect makes.
        request = msgspec.structs.replace(request, data=_MESSAGE)
    connect = msgspec.structs.replace(connect, use_environment=False)
    async with running_mock_async(**settings) as mock:
        yield Target(mock.url + spoken.path, request, connect, mock.url, mock.truth_url)
