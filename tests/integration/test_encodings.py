"""Content codings over a socket: gzip in one member and in many, what is no coding, and what is cut."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable

import pytest

from tests.support.cli import Cli
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, transfer_chunk

Serve = Callable[..., RawServer]
TOKENS = [f"word{number} " for number in range(20)]
EVENTS = [f"data: {json.dumps({'token': token})}\n\n".encode() for token in TOKENS] + [b"data: [DONE]\n\n"]


def flushed() -> Iterable[bytes]:
    """One member, flushed after each event."""
    packer = zlib.compressobj(wbits=31)
    for event in EVENTS:
        yield packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def member_by_member() -> Iterable[bytes]:
    """As Django's GZipMiddleware has it."""
    return map(gzip.compress, EVENTS)


def sender(coding: str, pieces: Callable[[], Iterable[bytes]]) -> Callable[[Peer], None]:
    def send(peer: Peer) -> None:
        head = f"Content-Type: text/event-stream\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked"
        peer.send(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
        for piece in pieces():
            peer.send(transfer_chunk(piece))
        peer.send(LAST_CHUNK)

    return send


def split(pieces: Callable[[], Iterable[bytes]], size: int) -> Callable[[], Iterable[bytes]]:
    def cut() -> Iterable[bytes]:
        whole = b"".join(pieces())
        return [whole[start : start + size] for start in range(0, len(whole), size)]

    return cut


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("pieces", [flushed, member_by_member])
def test_all_members_are_read(pieces: Callable[[], Iterable[bytes]], size: int, cli: Cli, serve: Serve) -> None:
    url = serve(sender("gzip", split(pieces, size))).url + "/chat"
    done = cli("stream", url, "--report", "json")
    [stream] = done.report["streams"]
    assert (stream["text"], stream["ending"], stream["events"]) == ("".join(TOKENS), "complete", 21)
    noted = any("gzip in 21 members" in note for note in stream["notes"])
    assert noted == (pieces is member_by_member)


def test_the_clients_that_stop_after_the_first_member_are_named(cli: Cli, serve: Serve) -> None:
    done = cli("check", serve(sender("gzip", member_by_member)).url + "/chat", "--repeat", "1", "--select", "HTTP019")
    assert done.code == 1
    assert "gzip in 21 members: Chromium, curl and httpx read the first alone" in done.out
    good = cli("check", serve(sender("gzip", flushed)).url + "/chat", "--repeat", "1", "--select", "HTTP019")
    assert good.code == 0


def test_what_follows_the_last_member_is_padding(cli: Cli, serve: Serve) -> None:
    def padded() -> Iterable[bytes]:
        yield b"".join(flushed()) + bytes(512)
        yield b"\x1f"

    done = cli("stream", serve(sender("gzip", padded)).url + "/chat", "--report", "json")
    assert (done.report["streams"][0]["text"], done.code) == ("".join(TOKENS), 0)


def test_text_behind_the_last_member_is_lost_to_clients(cli: Cli, serve: Serve) -> None:
    def behind() -> Iterable[bytes]:
        yield b"".join(flushed())
        yield b"<html><h1>502 Bad Gateway</h1></html>"

    url = serve(sender("gzip", behind)).url + "/chat"
    assert cli("stream", url).code == 1
    assert cli("check", url, "--repeat", "1").code == 1


@pytest.mark.parametrize("coding", ["utf-8", "chunked"])
def test_what_is_no_content_coding_is_read_as_it_is_with_a_warning(coding: str, cli: Cli, serve: Serve) -> None:
    url = serve(sender(coding, lambda: EVENTS)).url + "/chat"
    assert cli("stream", url, "--report", "json").report["streams"][0]["text"] == "".join(TOKENS)
    done = cli("check", url, "--repeat", "1", "--select", "HTTP006")
    assert (done.code, "HTTP006" in done.out) == (0, True)


@pytest.mark.parametrize("coding", ["none", "identity", ""])
def test_what_is_no_coding_is_read_as_it_is(coding: str, cli: Cli, serve: Serve) -> None:
    url = serve(sender(coding, lambda: EVENTS)).url + "/chat"
    assert cli("stream", url, "--report", "json").report["streams"][0]["text"] == "".join(TOKENS)
    done = cli("check", url, "--repeat", "1", "--select", "HTTP006")
    assert done.code == 0
    assert ("Content-Encoding is none, which is not a content coding; read as identity" in done.out) == (
        coding == "none"
    )


def test_compression_that_was_asked_for_is_not_called_unasked(cli: Cli, serve: Serve) -> None:
    url = serve(sender("gzip", flushed)).url + "/chat"
    done = cli("check", url, "-H", "Accept-Encoding: gzip", "--repeat", "1", "--report", "json")
    assert {each["rule"]: each["verdict"] for each in done.report["results"]}["HTTP006"] == "not-applicable"


@pytest.mark.parametrize(("events", "ending", "code"), [(EVENTS[:-1], "truncated", 1), (EVENTS, "complete", 0)])
def test_compressed_data_without_its_end_was_cut_unless_an_end_mark_came(
    events: list[bytes], ending: str, code: int, cli: Cli, serve: Serve
) -> None:
    def cut() -> Iterable[bytes]:
        packer = zlib.compressobj(wbits=31)
        return [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events]

    url = serve(sender("gzip", cut)).url + "/chat"
    done = cli("stream", url, "--report", "json")
    [stream] = done.report["streams"]
    assert (stream["ending"], done.code) == (ending, code)
    assert "the compressed data has no end" in json.dumps(stream)
    checked = cli("check", url, "--repeat", "1")
    assert checked.code == code, checked
