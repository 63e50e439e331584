"""The target of a probe: a URL, or the bundled mock where none is given."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from sseprobe import dialects
from sseprobe.dialects.own.dialect import MOCK_PATH
from sseprobe.embedded import running_mock
from sseprobe.errors import UsageError
from sseprobe.net.options import ConnectOptions
from sseprobe.probes.request import RequestWords

MOCK_SCENARIO: Final = "itl_ms=10"
"""What the bundled mock does when it is tested: quick enough for many trials, slow enough to be left in mid-stream."""


_MESSAGE: Final = '{"message": "Write a long story about a lighthouse keeper."}'


class Target(NamedTuple):
    """What to ask, and how. `mock_url`, `truth_url`: of the bundled mock, if it is what is asked."""

    words: RequestWords
    connect: ConnectOptions
    mock_url: str | None
    truth_url: str | None


@contextlib.contextmanager
def target(words: RequestWords, connect: ConnectOptions, **settings: Any) -> Iterator[Target]:
    """The words and options as they are with a URL; without one, pointed at a mock that runs meanwhile.

    There the named dialect is spoken, without a name the first in the table. `settings`: of the mock.

    Raises UsageError, and SseprobeError if the mock does not start.
    """
    if words.url is not None:
        yield Target(words, connect, None, None)
        return
    if connect.proxy_url is not None or connect.unix_socket is not None:
        raise UsageError("--proxy and --unix-socket need a URL: the bundled mock is reached directly.")
    spoken = words.known_dialect("") or dialects.by_name(dialects.NAMES[0])
    # Its app answers POST; the body of a vendor's request the dialect makes.
    data = _MESSAGE if words.data is None and spoken.path == MOCK_PATH else words.data
    with running_mock(**settings) as mock:
        yield Target(
            msgspec.structs.replace(words, url=mock.url + spoken.path, data=data),
            msgspec.structs.replace(connect, use_environment=False),
            mock.url,
            mock.truth_url,
        )
