"""Where a replay listens."""

import pytest

from sseprobe.errors import UsageError
from sseprobe.replay.server import listen


def test_port_0_takes_a_free_port() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


def test_a_port_in_use_is_a_usage_error() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UsageError, match=rf"port {port} \(Address already in use\)\. Use another --port"):
            listen("127.0.0.1", port)


def test_a_host_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot listen on no host port 0"):
        listen("no host", 0)
