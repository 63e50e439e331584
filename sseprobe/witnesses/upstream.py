"""`upstream:PORT`: sseprobe plays the LLM provider, and sees whether the app under test closes its connection.

It serves the mock's paths on loopback and streams for three times the grace, at 50 events a second, unless the app
closes the connection.
"""

import contextlib
import math
import re
import socket
from typing import Final

from sseprobe.errors import UsageError
from sseprobe.mock_process import MockProcess, running_mock
from sseprobe.stop_detection.samples import Reading
from sseprobe.witnesses.base import Context, Spec, Witness, WitnessError
from sseprobe.witnesses.mock import Mock

HOST: Final = "127.0.0.1"
ITL_MS: Final = 20
_GRACES: Final = 3

SPEC: Final = Spec(
    "upstream",
    "upstream:PORT",
    "the connections that the app under test makes to sseprobe, which plays its LLM provider",
    "the end of each request, at once",
)


class Upstream(Witness):
    """The bundled mock on a port of the user's choice, for as long as the test runs."""

    spec = SPEC
    interval_s = Mock.interval_s
    counts_tokens = True
    is_called = True

    def __init__(self, port: int, context: Context) -> None:
        self._port = port
        self._context = context
        self._mock: Mock | None = None
        self._provider: MockProcess | None = None
        self._cleanup = contextlib.ExitStack()

    def open(self) -> None:
        """Starts the provider. Raises UsageError if the port is in use."""
        try:
            socket.create_server((HOST, self._port)).close()
        except OSError as error:
            raise UsageError(
                f"--witness upstream:{self._port}: cannot listen on {HOST} port {self._port} ({error.strerror}). "
                "Stop what listens there, or choose another port, and configure the app under test to call it."
            ) from error
        tokens = math.ceil(_GRACES * self._context.grace_s * 1000 / ITL_MS)
        scenario = f"tokens={tokens},itl_ms={ITL_MS}"
        mock = self._cleanup.enter_context(running_mock(port=self._port, truth_port=0, scenario=scenario))
        self._provider = mock
        self._mock = Mock(mock.truth_url, self._context.options)
        self._cleanup.callback(self._mock.close)

    def sample(self) -> Reading:
        """The record of the calls so far."""
        if self._mock is None:
            raise WitnessError("it is not serving")
        return self._mock.sample()

    def call_off(self) -> None:
        """Ends a leaking stream once it is judged, so that the next trial need not wait for it."""
        if self._provider is not None:
            self._provider.end_generations()

    def close(self) -> None:
        self._cleanup.close()

    @property
    def hint(self) -> str:
        """How to make the app call it."""
        return f"Configure the app under test to call http://{HOST}:{self._port}/v1 (any key, any model)"


def make(words: str, context: Context) -> Witness:
    """From `upstream:PORT`. Raises UsageError."""
    if not re.fullmatch("[0-9]{1,5}", words) or not 0 < int(words) < 65536:
        raise UsageError(f"--witness upstream:{words}: not a port. Expected upstream:PORT, from 1 to 65535.")
    return Upstream(int(words), context)
