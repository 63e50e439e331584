"""The target of a probe: a URL, or the bundled mock where none is given."""

import contextlib
from collections.abc import Iterator

import msgspec

from sseprobe.embedded import running_mock
from sseprobe.errors import UsageError
from sseprobe.net.options import ConnectOptions
from sseprobe.probes.request import RequestWords


@contextlib.contextmanager
def target(words: RequestWords, connect: ConnectOptions, path: str) -> Iterator[tuple[RequestWords, ConnectOptions]]:
    """The words and options as they are with a URL; without one, pointed at `path` of a mock that runs meanwhile.

    Raises UsageError, and SseprobeError if the mock does not start.
    """
    if words.url is not None:
        yield words, connect
        return
    if connect.proxy_url is not None or connect.unix_socket is not None:
        raise UsageError("--proxy and --unix-socket need a URL: the bundled mock is reached directly.")
    with running_mock() as mock:
        yield (
            msgspec.structs.replace(words, url=mock.url + path),
            msgspec.structs.replace(connect, use_environment=False),
        )
