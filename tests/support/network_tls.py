"""TLS servers on the network without sockets: a handshake that answers what the client sends, then a list of bytes."""

import ssl
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from tests.support.network import Clock, Connection, FakeSocket, Item, Network


class Tls(NamedTuple):
    """How a server encrypts: one record for each item.

    `piece_bytes`: how many bytes of a record each read has; None: all. `alert`: whether the end is announced
    (close_notify), as TLS wants it. `damaged`: the last bit of the last record is wrong.
    """

    context: ssl.SSLContext
    piece_bytes: int | None = None
    alert: bool = True
    damaged: bool = False


class TlsSocket(FakeSocket):
    """Receives what a TLS server would send; `sent` is decrypted. `refusal`: the alert that the client went with."""

    def __init__(self, clock: Clock, number: int, connection: Connection, tls: Tls) -> None:
        super().__init__(clock, number, connection)
        self._plain, self._queue = self._queue, deque()
        self._opens_later, self._stays_open = self._stays_open, True
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._settings = tls
        self._shakes_hands = True
        self.refusal: str | None = None

    def send(self, data: memoryview) -> int:
        """Goes on with the handshake, or decrypts."""
        self._incoming.write(data)
        try:
            if self._shakes_hands:
                self._tls.do_handshake()
                self._shakes_hands = False
                self._receive(self._clock.now_ns)  # session tickets
                self._encrypt()
            while True:
                self.sent += self._tls.read(65536)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._stays_open = False
            self.refusal = error.reason
        if self._shakes_hands:
            self._receive(self._clock.now_ns)
        return len(data)

    def _encrypt(self) -> None:
        for t_ns, item in self._plain:
            if isinstance(item, OSError):
                self._queue.append((t_ns, item))
            else:
                self._tls.write(item)
                self._receive(t_ns, self._settings.piece_bytes)
        if self._settings.damaged:
            t_ns, record = self._queue.pop()
            assert isinstance(record, bytes)
            self._queue.append((t_ns, record[:-1] + bytes([record[-1] ^ 1])))
        self._stays_open = self._opens_later
        if self._settings.alert and not self._stays_open:
            try:
                self._tls.unwrap()
            except ssl.SSLWantReadError:
                self._receive(self._end_ns)

    def _receive(self, t_ns: int, piece_bytes: int | None = None) -> None:
        """What the server has written arrives then."""
        data = self._outgoing.read()
        step = piece_bytes or max(1, len(data))
        self._queue.extend((t_ns, data[start : start + step]) for start in range(0, len(data), step))


class TlsNetwork(Network):
    """Every connection speaks TLS; `options` as `Tls` has them."""

    def __init__(
        self, context: ssl.SSLContext, *connections: Connection | Sequence[Item] | OSError, **options: int | None
    ) -> None:
        super().__init__(*connections)
        self._tls = Tls(context, **options)  # type: ignore[arg-type]

    def new_socket(self, number: int, connection: Connection) -> FakeSocket:
        """A TLS server."""
        return TlsSocket(self.clock, number, connection, self._tls)
