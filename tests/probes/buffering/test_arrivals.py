"""What reaches a simulated proxy is recorded, decoded, and passed on as it is."""

import gzip

from sseprobe.probes.buffering.arrivals import ArrivalRecorder
from sseprobe.proxy.fault import End, ResponseHead, Send


def head(*headers: tuple[bytes, bytes]) -> ResponseHead:
    return ResponseHead(list(headers), 200, b"OK")


def test_pieces_have_their_end_and_their_time() -> None:
    recorder = ArrivalRecorder(1 << 20)
    recorder.on_head(head(), 5)
    assert list(recorder.on_body(b"data: 1\n\n", 10)) == [Send(b"data: 1\n\n")]
    assert list(recorder.on_body(b"data: 2\n\n", 20)) == [Send(b"data: 2\n\n")]
    assert list(recorder.on_end(30)) == [End()]
    assert (recorder.head_ns, recorder.pieces, recorder.ended_ns) == (5, [(9, 10), (18, 20)], 30)
    assert recorder.body == b"data: 1\n\ndata: 2\n\n"


def test_a_compressed_body_is_recorded_decoded_and_passed_on_compressed() -> None:
    recorder = ArrivalRecorder(1 << 20)
    recorder.on_head(head((b"Content-Encoding", b"gzip")), 0)
    data = gzip.compress(b"data: 1\n\n")
    assert list(recorder.on_body(data, 1)) == [Send(data)]
    assert recorder.body == b"data: 1\n\n"


def test_what_cannot_be_decoded_or_kept_is_passed_on() -> None:
    recorder = ArrivalRecorder(4)
    recorder.on_head(head(), 0)
    assert list(recorder.on_body(b"data: 1\n\n", 1)) == [Send(b"data: 1\n\n")]
    recorder.on_head(head((b"content-encoding", b"gzip")), 0)
    assert list(recorder.on_body(b"not gzip", 1)) == [Send(b"not gzip")]
    assert recorder.pieces == []
