"""The server of a replay: accepts clients, reads one request of each, and sends the response."""

import asyncio
import contextlib
import os
import socket
from typing import Final

import h11

from sseprobe.errors import UsageError
from sseprobe.replay.ending import Close, close, until_client_closes
from sseprobe.replay.response import Replay

MAX_STREAMS: Final = 1000
"""How many streams are served at once; further clients wait to be accepted."""

_REQUEST_S: Final = 30.0
_MAX_HEAD_BYTES: Final = 64 * 1024
_MAX_BODY_BYTES: Final = 64 * 1024 * 1024
_READ_BYTES: Final = 64 * 1024
_ACCEPT_AGAIN_S: Final = 0.1


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises UsageError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=MAX_STREAMS)
    except (OSError, OverflowError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host} port {port} ({reason}). Use another --port; 0 takes a free one."
        ) from error


async def serve(replay: Replay, listener: socket.socket) -> None:
    """Serves until it is cancelled."""
    async with asyncio.TaskGroup() as streams:
        acceptor = _Acceptor(replay, listener, streams)
        try:
            acceptor.start()
            await asyncio.Event().wait()
        finally:
            acceptor.stop()


class _Acceptor:
    """Accepts clients up to `MAX_STREAMS`. Not by `sock_accept`: cancelling that may lose a client."""

    def __init__(self, replay: Replay, listener: socket.socket, streams: asyncio.TaskGroup) -> None:
        self._replay = replay
        self._listener = listener
        self._streams = streams
        self._loop = asyncio.get_running_loop()
        self._running = 0
        self._is_stopped = False
        listener.setblocking(False)

    def start(self) -> None:
        """Accepts clients from now on, unless it was stopped."""
        if not self._is_stopped:
            self._loop.add_reader(self._listener, self._accept)

    def stop(self) -> None:
        """Accepts no more clients."""
        self._is_stopped = True
        self._loop.remove_reader(self._listener)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # the client has closed already, or no file descriptor is free
            self._loop.remove_reader(self._listener)
            self._loop.call_later(_ACCEPT_AGAIN_S, self.start)
            return
        self._running += 1
        if self._running == MAX_STREAMS:
            self._loop.remove_reader(self._listener)
        self._streams.create_task(_answer(self._replay, sock)).add_done_callback(self._one_ended)

    def _one_ended(self, _: "asyncio.Task[None]") -> None:
        self._running -= 1
        self.start()


async def _answer(replay: Replay, sock: socket.socket) -> None:
    with sock, contextlib.suppress(OSError, TimeoutError):  # the client has closed, or does not read
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(_REQUEST_S):
            request = await _request(sock)
        if request is None:
            return
        arrived = asyncio.get_running_loop().time()
        client_gone = asyncio.create_task(until_client_closes(sock))
        sending = asyncio.create_task(replay.send(sock, request, arrived, client_gone))
        try:
            await asyncio.wait({client_gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            client_gone.cancel()
            sending.cancel()
            await asyncio.gather(client_gone, sending, return_exceptions=True)  # before the socket is closed


async def _request(sock: socket.socket) -> h11.Request | None:
    """The request, once its body has come too, which is ignored; None if there is none. Raises OSError."""
    loop = asyncio.get_running_loop()
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
    request: h11.Request | None = None
    body_bytes = 0
    try:
        while True:
            match connection.next_event():
                case h11.Request() as request:
                    pass
                case h11.Data(data=data):
                    body_bytes += len(data)
                    if body_bytes > _MAX_BODY_BYTES:
                        raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)
                case h11.EndOfMessage():
                    return request
                case h11.ConnectionClosed():
                    return None
                case _:
                    if connection.they_are_waiting_for_100_continue:
                        proceed = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
                        await loop.sock_sendall(sock, proceed or b"")
                    connection.receive_data(await loop.sock_recv(sock, _READ_BYTES))
    except h11.RemoteProtocolError as error:
        text = f"sseprobe replay: {error}\n".encode()
        head = f"HTTP/1.1 {error.error_status_hint} \r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
        await loop.sock_sendall(sock, head.encode() + b"Connection: close\r\n\r\n" + text)
        client_gone = asyncio.create_task(until_client_closes(sock))
        await close(sock, Close.FIN, client_gone)
        client_gone.cancel()
        await asyncio.wait({client_gone})
        return None
