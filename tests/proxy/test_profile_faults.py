"""What each setting and each profile does to a stream, and how it is described."""

import zlib
from collections.abc import Callable

import msgspec
import pytest

from sseprobe.proxy.fault import Break, Close, End, Fault, Refuse, RequestHead, ResponseHead, Send
from sseprobe.proxy.pipeline import Output, Pipeline
from sseprobe.proxy.profile import Profile, by_name
from sseprobe.proxy.profile_faults import faults_of, summary_of
from sseprobe.proxy.profile_settings import Knobs
from sseprobe.units import NS_PER_MS

EVENT = b"data: token\n\n"
Write = Callable[[str], str]


class TestWords:
    def test_a_summary_tells_what_it_holds_and_when_it_cuts(self) -> None:
        said = by_name("nginx-legacy").summary()
        assert said.startswith("buffers the response in blocks of 4,096 bytes")
        assert "unless the response has X-Accel-Buffering: no" in said
        assert (
            "; closes the connection after 60 s of silence; loses its buffer if the stream is cut; removes X-Accel-Buffering"
            in said
        )

    def test_the_cause_has_no_limits_and_is_none_for_what_holds_nothing(self) -> None:
        assert by_name("haproxy").cause == "buffers for up to 205 ms, to send fewer segments"
        assert by_name("cloudflared-quick").cause == "buffers the response until it is complete, for GET requests only"
        assert by_name("alb").cause is None
        assert by_name("aws-apigw-stream-edge").cause is None

    def test_it_says_where_its_numbers_come_from(self, write: Write) -> None:
        assert by_name("lighttpd").founded == "measured with lighttpd 1.4.69, 2026-11-23"
        assert by_name("heroku").founded == "from documentation, not measured"
        assert by_name(write("[knobs]\n")).founded == "your own profile"

    def test_limits_by_the_names_of_reports(self) -> None:
        assert by_name("heroku").time_limits == {"first-byte": 30.0, "idle": 55.0}
        assert by_name("envoy-default").time_limits == {"idle": 300.0, "total": 15.0}
        assert by_name("lighttpd").time_limits == {}


_BUFFER: dict[str, object] = {"hold_until_end": True}
SETTINGS: dict[str, tuple[object, dict[str, object]]] = {
    "hold_bytes": (5, {}),
    "hold_head": (True, {"hold_bytes": 5}),
    "hold_until_end": (True, {}),
    "head_waits": (True, {}),
    "flush_ms": (5.0, {}),
    "flush_by": ("end", {}),
    "coalesce_ms": (5.0, {}),
    "split_bytes": (5, {}),
    "honour_xab": (True, _BUFFER),
    "honour_no_transform": (True, _BUFFER),
    "passes_chunks": (True, _BUFFER),
    "only_types": (("text/event-stream",), _BUFFER),
    "method_rule": (("GET",), _BUFFER),
    "gzip": ("sync", {}),
    "gzip_bytes": (5, {"gzip": "blocked"}),
    "first_byte_timeout_s": (5.0, {}),
    "idle_timeout_s": (5.0, {}),
    "total_timeout_s": (5.0, {}),
    "max_bytes": (5, {}),
    "on_timeout": ("rst", {"idle_timeout_s": 5.0}),
    "status": (503, {"first_byte_timeout_s": 5.0}),
    "on_cut": ("hide", {}),
    "upstream_http": ("1.0", {}),
    "downstream": ("close", {}),
    "client_abort": ("ignore", {}),
    "half_close": ("ignore", {}),
    "strip": (("ETag",), {}),
    "rate_bytes_per_s": (5, {}),
    "rate_after_bytes": (5, {"rate_bytes_per_s": 5}),
}
"""Each setting, a value that is not its default, and what it needs beside it."""
UNSAID = ("hold_head", "gzip_bytes")


class TestSettings:
    def test_all_are_here(self) -> None:
        assert SETTINGS.keys() == set(Knobs.__struct_fields__)

    @pytest.mark.parametrize("name", SETTINGS)
    def test_each_makes_a_fault_and_is_described(self, name: str) -> None:
        value, others = SETTINGS[name]
        before = msgspec.convert(others, Knobs)
        after = msgspec.convert({**others, name: value}, Knobs)
        assert faults_of(after)
        assert name in UNSAID or summary_of(after) != summary_of(before)


class Exchange:
    """One request through a profile, without sockets; times in ms."""

    def __init__(self, profile: Profile | str, *, method: bytes = b"GET", time_scale: float = 1.0) -> None:
        profile = by_name(profile) if isinstance(profile, str) else profile
        self.pipeline = Pipeline([make() for make in profile.faults(time_scale=time_scale)])
        self.request = RequestHead([(b"accept-encoding", b"gzip")], method=method, target=b"/")
        self.pipeline.on_request(self.request, 0)

    def head(self, *headers: tuple[bytes, bytes], kind: bytes = b"text/event-stream", at: float = 0) -> list[Output]:
        return self.pipeline.on_head(
            ResponseHead([(b"Content-Type", kind), *headers], status=200), round(at * NS_PER_MS)
        )

    def body(self, data: bytes, at: float = 0) -> list[Output]:
        return self.pipeline.on_body(data, round(at * NS_PER_MS))

    def at(self, ms: float) -> list[Output]:
        out: list[Output] = []
        while (wake_ns := self.pipeline.wake_ns) is not None and wake_ns <= ms * NS_PER_MS:
            out += self.pipeline.on_wake(wake_ns)
        return out


def sent(out: list[Output]) -> bytes:
    return b"".join(each.data for each in out if isinstance(each, Send))


XAB = (b"X-Accel-Buffering", b"no")


class TestBehaviour:
    @pytest.mark.parametrize("name", ["transparent", "apache", "caddy-flush-neg1", "cloudfront", "alb"])
    def test_what_holds_nothing_passes_each_piece_on(self, name: str) -> None:
        exchange = Exchange(name)
        assert [type(each) for each in exchange.head()] == [ResponseHead]
        assert sent(exchange.body(EVENT)) == EVENT
        assert exchange.pipeline.on_end(0) == [End()]

    def test_transparent_is_transparent(self) -> None:
        assert by_name("transparent").faults() == []

    def test_nginx_holds_a_buffer_less_its_head(self) -> None:
        exchange = Exchange("nginx-legacy")
        assert exchange.request.version == b"1.0"
        assert exchange.head() == []
        assert exchange.body(b"x" * 3900) == []
        out = exchange.body(b"x" * 400)
        first = len(sent(out))
        assert 3900 < first < 4096
        assert exchange.body(b"x" * (first + 4095 - 4300)) == []
        assert len(sent(exchange.body(b"x"))) == 4096

    def test_nginx_obeys_the_header_and_keeps_it_to_itself(self) -> None:
        exchange = Exchange("nginx-legacy")
        out = exchange.head(XAB)
        assert isinstance(out[0], ResponseHead)
        assert out[0].header(b"x-accel-buffering") is None
        assert sent(exchange.body(EVENT)) == EVENT

    def test_nginx_loses_what_it_holds_when_it_cuts(self) -> None:
        exchange = Exchange("nginx-legacy")
        exchange.head(at=10)
        exchange.body(EVENT, at=20)
        assert exchange.at(60_019) == []
        out = exchange.at(60_021)
        assert [type(each) for each in out] == [ResponseHead, Break]
        assert out[-1] == Break(Close.FIN)

    def test_a_full_buffer_hides_that_the_server_cut(self) -> None:
        exchange = Exchange("lighttpd")
        exchange.head()
        exchange.body(EVENT)
        out = exchange.pipeline.on_break(Break(Close.RST), 0)
        assert (sent(out), out[-1]) == (EVENT, End())

    def test_a_buffer_of_a_user_passes_on_what_it_holds_and_then_cuts(self, write: Write) -> None:
        exchange = Exchange(by_name(write("[knobs]\nhold_bytes = 4096\nidle_timeout_s = 1\n")))
        exchange.head()
        exchange.body(EVENT)
        out = exchange.at(1001)
        assert (sent(out), out[-1]) == (EVENT, Break(Close.FIN))

    @pytest.mark.parametrize(
        ("name", "status", "seconds"),
        [("nginx-1.30", 504, 60), ("apache", 502, 60), ("heroku", 503, 30), ("cloudflare", 524, 120)],
    )
    def test_without_a_head_in_time_the_hop_answers_for_itself(self, name: str, status: int, seconds: int) -> None:
        exchange = Exchange(name)
        assert exchange.at(seconds * 1000 - 1) == []
        (out,) = exchange.at(seconds * 1000 + 1)
        assert isinstance(out, Refuse)
        assert out.status == status

    def test_time_limits_go_faster_and_holding_does_not(self) -> None:
        exchange = Exchange("haproxy", time_scale=50.0)
        exchange.head()
        exchange.body(EVENT)
        assert exchange.at(204) == []
        assert sent(exchange.at(206)) == EVENT
        exchange.body(EVENT, at=500)
        assert sent(exchange.at(706)) == EVENT
        assert exchange.at(1499) == []
        assert exchange.at(1501) == [Break(Close.FIN)]

    def test_a_buffering_gateway_answers_504_instead(self) -> None:
        exchange = Exchange("aws-apigw-buffered")
        exchange.head()
        for ms in range(0, 29_000, 1000):
            assert exchange.body(EVENT, at=ms) == []
        (out,) = exchange.at(29_001)
        assert isinstance(out, Refuse)
        assert out.status == 504

    @pytest.mark.parametrize(("name", "seconds"), [("envoy-default", 15), ("aws-apigw-stream-edge", 30)])
    def test_every_limit_is_answered_where_there_is_no_head_to_cut(self, name: str, seconds: int) -> None:
        (out,) = Exchange(name).at(seconds * 1000 + 1)
        assert isinstance(out, Refuse)
        assert out.status == 504

    def test_envoy_resets_what_takes_too_long(self) -> None:
        exchange = Exchange("envoy-default")
        exchange.head(at=10)
        assert exchange.at(14_999) == []
        assert exchange.at(15_001) == [Break(Close.RST)]

    def test_api_gateway_refuses_what_is_too_big(self) -> None:
        exchange = Exchange("aws-apigw-buffered")
        exchange.head()
        out = [each for _ in range(11) for each in exchange.body(b"x" * 1_000_000)]
        assert [type(each) for each in out] == [Refuse]

    @pytest.mark.parametrize("name", ["lighttpd", "full-buffer", "azure-appgw-buffered", "aws-apigw-buffered"])
    def test_full_buffers_hold_everything_whatever_it_says(self, name: str) -> None:
        exchange = Exchange(name)
        assert exchange.head(XAB, (b"Cache-Control", b"no-cache, no-transform")) == []
        for _ in range(1000):
            assert exchange.body(EVENT) == []
        out = exchange.pipeline.on_end(0)
        assert (sent(out), out[-1]) == (EVENT * 1000, End())

    def test_cloudflare_holds_only_what_is_no_event_stream(self) -> None:
        exchange = Exchange("cloudflare")
        exchange.head(kind=b"text/event-stream; charset=utf-8")
        assert sent(exchange.body(EVENT)) == EVENT
        exchange = Exchange("cloudflare")
        exchange.head(kind=b"application/x-ndjson")
        assert exchange.body(EVENT) == []
        assert sent(exchange.pipeline.on_end(0)) == EVENT

    def test_a_quick_tunnel_holds_what_is_asked_by_get(self) -> None:
        exchange = Exchange("cloudflared-quick", method=b"GET")
        exchange.head()
        assert exchange.body(EVENT) == []
        exchange = Exchange("cloudflared-quick", method=b"POST")
        exchange.head()
        assert sent(exchange.body(EVENT)) == EVENT

    def test_only_the_head_waits(self) -> None:
        exchange = Exchange("nginx-1.30")
        assert exchange.head() == []
        assert [type(each) for each in exchange.body(EVENT)] == [ResponseHead, Send]
        exchange = Exchange("nginx-1.30")
        assert [type(each) for each in exchange.head(XAB)] == [ResponseHead]

    @pytest.mark.parametrize("name", ["nginx-gzip-sse", "express-compression"])
    def test_a_compressor_keeps_events_until_the_end(self, name: str) -> None:
        exchange = Exchange(name)
        exchange.head()
        out = [each for _ in range(60) for each in exchange.body(EVENT)] + exchange.pipeline.on_end(0)
        held = [each for each in out if isinstance(each, Send)]
        assert len(held[-1].data) > 20
        head = next(each for each in out if isinstance(each, ResponseHead))
        assert head.header(b"content-encoding") == b"gzip"
        assert zlib.decompress(sent(out), 31) == EVENT * 60
        exchange = Exchange(name)
        exchange.head()
        early = [each for _ in range(60) for each in exchange.body(EVENT)]
        assert len(sent(early)) <= 10  # gzip's own header

    def test_a_compressor_of_nginx_flushes_when_told_not_to_buffer(self) -> None:
        exchange = Exchange("nginx-gzip-sse")
        exchange.head(XAB)
        reader = zlib.decompressobj(31)
        assert reader.decompress(sent(exchange.body(EVENT))) == EVENT
        assert reader.decompress(sent(exchange.body(EVENT))) == EVENT

    def test_a_compressor_gives_what_it_holds_at_a_cut_and_no_end(self) -> None:
        exchange = Exchange("nginx-gzip-sse")
        exchange.head()
        exchange.body(EVENT)
        reader = zlib.decompressobj(31)
        out = exchange.at(60_001)
        assert out[-1] == Break(Close.FIN)
        assert reader.decompress(sent(out)) == EVENT
        assert not reader.eof

    def test_express_leaves_alone_what_is_not_to_be_transformed(self) -> None:
        exchange = Exchange("express-compression")
        exchange.head((b"Cache-Control", b"no-cache, no-transform"))
        assert sent(exchange.body(EVENT)) == EVENT

    def test_a_scanner_removes_headers(self) -> None:
        exchange = Exchange("av-scanner")
        exchange.head(XAB, (b"cache-control", b"no-cache"))
        exchange.body(EVENT)
        out = exchange.pipeline.on_end(0)
        assert isinstance(out[0], ResponseHead)
        names = {name.lower() for name, _ in out[0].headers}
        assert not names & {b"x-accel-buffering", b"cache-control"}
        assert zlib.decompress(sent(out), 31) == EVENT

    @pytest.mark.parametrize(
        ("name", "reads", "reset", "half_close"),
        [
            ("transparent", True, True, True),
            ("nginx-legacy", True, True, True),
            ("haproxy", False, True, False),
            ("apache", False, True, False),
            ("caddy-flush-neg1", False, True, False),
            ("lighttpd", True, True, False),
        ],
    )
    def test_who_leaves_the_server_when_the_client_left(
        self, name: str, reads: bool, reset: bool, half_close: bool
    ) -> None:
        pipeline = Exchange(name).pipeline
        assert (
            pipeline.reads_client,
            pipeline.closes_upstream_on(Close.RST),
            pipeline.closes_upstream_on(Close.FIN),
        ) == (
            reads,
            reset,
            half_close,
        )

    def test_faults_are_made_anew_for_each_exchange(self) -> None:
        makers: list[Callable[[], Fault]] = by_name("nginx-legacy").faults()
        assert all(make() is not make() for make in makers)

    def test_knobs_of_users(self, write: Write) -> None:
        exchange = Exchange(by_name(write("[knobs]\nflush_ms = 100\n")))
        exchange.head()
        assert sent(exchange.body(EVENT, at=10)) == b""
        assert sent(exchange.at(101)) == EVENT
        exchange = Exchange(by_name(write("[knobs]\nflush_by = 'end'\ndownstream = 'close'\n")))
        exchange.head()
        assert sent(exchange.body(EVENT)) == b""
        out = exchange.pipeline.on_end(0)
        assert isinstance(out[0], ResponseHead)
        assert out[0].version == b"1.0"
        exchange = Exchange(by_name(write("[knobs]\nsplit_bytes = 5\nrate_bytes_per_s = 10\n")))
        exchange.head()
        exchange.body(EVENT)
        out = exchange.at(10_000)
        assert max(len(each.data) for each in out if isinstance(each, Send)) <= 5
