"""Content codings, wherever the encoded body is cut."""

import gzip
import zlib

import pytest

from sseprobe.errors import TargetError
from sseprobe.net.decoding import NO_CODING, STEP_BYTES, Decoder, decoder_for

TEXT = b"".join(b"data: %d\n\n" % number for number in range(9))
DEFLATE = zlib.compress(TEXT)
RAW_DEFLATE = zlib.compress(TEXT, wbits=-15)
GZIP = gzip.compress(TEXT, mtime=0)
MEMBERS = b"".join(gzip.compress(TEXT[place : place + 20], mtime=0) for place in range(0, len(TEXT), 20))


def decoded(decoder: Decoder, *pieces: bytes) -> bytes:
    """What all pieces decode to."""
    return b"".join(part for piece in pieces for part in decoder.decode(piece))


BODIES = {
    "gzip": ("gzip", GZIP, 1),
    "x-gzip": ("X-GZIP", GZIP, 1),
    "gzip in members": ("gzip", MEMBERS, 5),
    "gzip, then padding": ("gzip", MEMBERS + bytes(20), 5),
    "gzip, then blanks": ("gzip", GZIP + b"\r\n", 1),
    "deflate": ("deflate", DEFLATE, 0),
    "raw deflate": ("deflate", RAW_DEFLATE, 0),
    "identity": ("identity, utf-8", TEXT, 0),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_decoded_wherever_it_is_cut(name: str) -> None:
    coding, body, members = BODIES[name]
    for cut in range(len(body) + 1):
        decoder = decoder_for(coding)
        assert decoded(decoder, body[:cut], body[cut:]) == TEXT
        assert (decoder.members, decoder.is_inside) == (members, False)
    decoder = decoder_for(coding)
    assert decoded(decoder, *(body[place : place + 1] for place in range(len(body)))) == TEXT


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate"])
def test_a_body_that_is_cut_short_is_known(name: str) -> None:
    coding, body, _ = BODIES[name]
    for cut in range(1, len(body)):
        decoder = decoder_for(coding)
        assert TEXT.startswith(decoded(decoder, body[:cut]))
        assert decoder.is_inside
    assert not decoder_for(coding).is_inside, "nothing came"


def test_what_is_flushed_comes_at_once() -> None:
    packer = zlib.compressobj(wbits=31)
    decoder = decoder_for("gzip")
    for event in (b"data: a\n\n", b"data: b\n\n"):
        assert decoded(decoder, packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)) == event


def test_a_small_body_does_not_become_a_large_one_at_once() -> None:
    size = 10 * STEP_BYTES + 1
    pieces = [len(piece) for piece in decoder_for("gzip").decode(gzip.compress(bytes(size)))]
    assert (sum(pieces), max(pieces)) == (size, STEP_BYTES)
    exact = decoder_for("gzip")
    assert len(decoded(exact, gzip.compress(bytes(2 * STEP_BYTES)))) == 2 * STEP_BYTES


def test_nothing_that_could_be_decoded_is_held_back() -> None:
    body = gzip.compress(bytes(2 * STEP_BYTES + 99))
    for cut in range(len(body)):
        assert decoded(decoder_for("gzip"), body[:cut]) == zlib.decompressobj(31).decompress(body[:cut])


@pytest.mark.parametrize(
    ("coding", "body", "says"),
    [
        ("gzip", TEXT, "not valid gzip"),
        ("deflate", b"\xff" * 9, "not valid deflate"),
        ("gzip", GZIP[:-8] + bytes(8), "not valid gzip"),
        ("gzip", GZIP + b"data: more", "continues without encoding: data: more"),
        ("gzip", GZIP + b"\x1fno", "continues without encoding"),
        ("deflate", DEFLATE + DEFLATE, "continues without encoding"),
    ],
)
def test_what_does_not_decode(coding: str, body: bytes, says: str) -> None:
    with pytest.raises(TargetError, match=says):
        decoded(decoder_for(coding), body)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip, br", "\x1b[31m"])
def test_codings_that_are_not_known(coding: str) -> None:
    with pytest.raises(TargetError, match="although identity was requested"):
        decoder_for(coding)


@pytest.mark.parametrize("coding", [None, "", "Identity", " utf-8 , chunked", *sorted(NO_CODING)])
def test_what_is_no_coding(coding: str | None) -> None:
    assert decoded(decoder_for(coding), b"", b"\x1f\x8b") == b"\x1f\x8b"
