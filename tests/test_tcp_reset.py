"""A socket that resets when it is closed, as its peer sees it."""

import socket

import pytest

from sseprobe.tcp_reset import reset_on_close


@pytest.fixture
def peers() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        return ours, server.accept()[0]


def test_closing_sends_rst(peers: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = peers
    reset_on_close(ours)
    ours.close()
    with theirs, pytest.raises(ConnectionResetError):
        theirs.recv(1)


def test_without_it_closing_sends_fin(peers: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = peers
    ours.close()
    with theirs:
        assert theirs.recv(1) == b""


def test_a_closed_socket_is_left_as_it_is() -> None:
    closed = socket.socket()
    closed.close()
    reset_on_close(closed)
