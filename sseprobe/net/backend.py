"""The stamped socket as an httpcore network backend, and TLS above it.

TLS runs through `ssl.MemoryBIO`, so that the stamp is taken on the encrypted bytes, where the kernel sees them.
"""

import asyncio
import select
import socket
import ssl
from collections.abc import Awaitable, Iterable
from typing import Any, Final, TypeVar

import httpcore

from sseprobe.net.client_socket import Connect, StampedSocket, connect
from sseprobe.net.wire import TlsTimeout, Wire

_TLS_READ_BYTES: Final = 64 * 1024
_T = TypeVar("_T")


async def _within(seconds: float | None, work: Awaitable[_T], too_late: type[Exception]) -> _T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise too_late(f"nothing for {seconds} s") from error


class StampedStream(httpcore.AsyncNetworkStream):
    """A stamped socket with httpcore's errors; what it sees goes into the wire's record."""

    def __init__(self, stamped: StampedSocket, wire: Wire) -> None:
        self._stamped = stamped
        self._wire = wire
        self._encrypted = False
        wire.socket, wire.write = stamped, self.write

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; empty at the end. The time limit is the wire's, which may change between reads."""
        del timeout
        wait_limit_s = self._wire.wait_limit_s()
        try:
            raw = await _within(wait_limit_s, self._stamped.read(max_bytes), httpcore.ReadTimeout)
        except httpcore.ReadTimeout:
            self._wire.wait_limit_s()  # raises TotalTimeout if that limit was reached
            raise
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        self._wire.note(raw)
        if raw.data and not self._encrypted:
            self._wire.note_answer()
        return raw.data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Writes all of it; what comes back from now on is the answer."""
        self._wire.answered_ns = None
        if not self._encrypted:
            buffer = self._wire.outgoing(buffer)
        try:
            await _within(timeout, self._stamped.write(buffer), httpcore.WriteTimeout)
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._stamped.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "TlsStream":
        """A TLS client above this stream."""
        self._encrypted = True
        return await TlsStream.open(self, self._wire, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """`socket`, and `is_readable`, as httpcore asks for them."""
        if info == "socket":
            return self._stamped.raw
        if info == "is_readable":
            return _is_readable(self._stamped.raw)
        return None


class TlsStream(httpcore.AsyncNetworkStream):
    """TLS above any stream."""

    def __init__(self, below: httpcore.AsyncNetworkStream, wire: Wire, tls: ssl.SSLObject, bios: "_Bios") -> None:
        self._below = below
        self._wire = wire
        self._tls = tls
        self._incoming, self._outgoing = bios

    @classmethod
    async def open(
        cls,
        below: httpcore.AsyncNetworkStream,
        wire: Wire,
        context: ssl.SSLContext,
        server_hostname: str | None,
        timeout: float | None,
    ) -> "TlsStream":
        """Shakes hands. Raises ssl.SSLError, and httpcore's errors."""
        bios = (ssl.MemoryBIO(), ssl.MemoryBIO())
        stream = cls(below, wire, context.wrap_bio(*bios, server_hostname=server_hostname), bios)
        wire.write = stream.write
        try:
            await _within(timeout, stream._shake_hands(), TlsTimeout)
        except BaseException:
            await below.aclose()
            raise
        return stream

    async def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                await self._flush()  # the alert with the reason
                raise
            else:
                return await self._flush()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next decrypted bytes; empty at the end, which TLS may not have confirmed: see `Wire.tls_cut`."""
        del timeout
        while True:
            try:
                data = self._tls.read(max_bytes)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError as error:
                if self._incoming.eof:  # SSLEOFError, or with OpenSSL 3 an error like any other
                    self._wire.tls_cut = True
                    return b""
                raise httpcore.ReadError(f"TLS: {error.reason or error}") from error
            else:
                if data:
                    self._wire.note_answer()
                else:  # the closing alert came
                    self._wire.eof = True
                return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Encrypts and writes all of it."""
        self._tls.write(self._wire.outgoing(buffer))
        await self._below.write(self._outgoing.read(), timeout)

    async def aclose(self) -> None:
        """Closes the stream below, without a closing alert: what was not read is not wanted."""
        await self._below.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "TlsStream":
        """TLS in TLS: through an HTTPS proxy to an HTTPS server."""
        return await TlsStream.open(self, self._wire, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """`ssl_object`, and what the stream below knows."""
        return self._tls if info == "ssl_object" else self._below.get_extra_info(info)

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._below.write(data)

    async def _fill(self) -> None:
        if data := await self._below.read(_TLS_READ_BYTES):
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


_Bios = tuple[ssl.MemoryBIO, ssl.MemoryBIO]


def _is_readable(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


class StampedBackend(httpcore.AsyncNetworkBackend):
    """Connects stamped sockets for httpcore. One backend per measured stream: it writes into one wire's record."""

    def __init__(self, wire: Wire, connect: Connect = connect) -> None:
        self._wire = wire
        self._connect = connect

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> StampedStream:
        """Connects. Raises OSError as it comes, so that the reason can be reported; httpcore.ConnectTimeout."""
        del local_address, socket_options
        self._wire.start()
        return StampedStream(await _within(timeout, self._connect((host, port)), httpcore.ConnectTimeout), self._wire)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> StampedStream:
        """Connects to a unix socket. Raises OSError; httpcore.ConnectTimeout."""
        del socket_options
        self._wire.start()
        return StampedStream(await _within(timeout, self._connect(path), httpcore.ConnectTimeout), self._wire)

    async def sleep(self, seconds: float) -> None:
        """Sleeps; httpcore asks for it between retries, which are off."""
        await asyncio.sleep(seconds)
