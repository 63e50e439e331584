"""Writing to a server that has gone: what it said before is read, and how it went is told."""

import asyncio
import socket
from contextlib import closing

import pytest

from sseprobe.net.stamped import connect_tcp
from tests.support.raw_server import LINGER_0


async def speak_to_one_who_has_gone(*, reset: bool) -> bytes:
    """Writes more than once to a server that has answered and left. Returns what is read then."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        client = await connect_tcp(*listener.getsockname())
        server, _ = listener.accept()
        server.sendall(b"an answer")
        if reset:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        server.close()
        read = b""
        with closing(client):
            for _ in range(3):
                await client.write(b"a question")
            try:
                while data := (await client.read(2)).data:
                    read += data
            except ConnectionResetError:
                read += b", and a reset"
        return read


@pytest.mark.parametrize(("reset", "read"), [(False, b"an answer"), (True, b"an answer, and a reset")])
def test_what_was_said_is_read(reset: bool, read: bytes) -> None:
    assert asyncio.run(speak_to_one_who_has_gone(reset=reset)) == read
