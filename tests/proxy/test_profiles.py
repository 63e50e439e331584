"""Profiles: what is shipped, what a user may write, and what each of them does to a stream."""

import re
import tomllib
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from sseprobe.errors import UsageError
from sseprobe.proxy.fault import Break, Close, End, Fault, Refuse, RequestHead, ResponseHead, Send
from sseprobe.proxy.markdown_tables import with_table
from sseprobe.proxy.pipeline import Output, Pipeline
from sseprobe.proxy.profile import FOLDER, NAMES, Profile, by_name
from sseprobe.units import NS_PER_MS

ROOT = Path(__file__).parents[2]
EVENT = b"data: token\n\n"
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a user's profile, and tells its path."""

    def to_file(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return to_file


def refusal(path: str) -> str:
    with pytest.raises(UsageError) as refused:
        by_name(path)
    said = str(refused.value)
    assert "\n" not in said
    return said


class TestShipped:
    def test_the_names_are_those_of_the_files(self) -> None:
        assert {path.name for path in FOLDER.iterdir()} == {f"{name}.toml" for name in NAMES}
        assert len(NAMES) == len(set(NAMES)) == 20

    @pytest.mark.parametrize("name", NAMES)
    def test_each_loads_under_its_name(self, name: str) -> None:
        profile = by_name(name)
        assert profile.name == name
        assert profile.title
        assert profile.basis in ("measured", "documented")
        assert (profile.verified is not None) == (profile.basis == "measured")
        if profile.verified:
            assert re.fullmatch(r"\w+ [0-9][\w. ]*[\w/. -]*, 2026-[0-9]{2}-[0-9]{2}", profile.verified)
        assert all(header == header.lower() and value == value.lower() for header, value in profile.signs.items())

    @pytest.mark.parametrize("name", NAMES)
    def test_everything_it_says_has_a_source(self, name: str) -> None:
        written = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        told = set(written["knobs"]) | ({"signs"} if "signs" in written else set())
        assert set(written["sources"]) == told
        known = re.compile(r"https://\S+|measured with \w+ [0-9.]+|Debian's package [0-9.]+|from memory, not verified")
        cures = [cure["source"] for cure in written.get("cure", [])]
        assert [source for source in (*written["sources"].values(), *cures) if not known.search(source)] == []

    @pytest.mark.parametrize("name", NAMES)
    def test_its_cures_change_something(self, name: str) -> None:
        profile = by_name(name)
        for cure in profile.cures:
            assert cure.set
            assert profile.with_knobs(cure.set).knobs != profile.knobs

    @pytest.mark.parametrize("name", [name for name in NAMES if by_name(name).cause is not None])
    def test_an_operator_can_stop_it_from_holding(self, name: str) -> None:
        profile = by_name(name)
        assert any(profile.with_knobs(cure.set).cause is None for cure in profile.cures)

    def test_the_table_in_the_docs_is_in_step(self) -> None:
        page = (ROOT / "docs" / "buffering.md").read_text(encoding="utf-8")
        assert page.count("<!-- profiles -->") == page.count("<!-- /profiles -->") == 1
        assert page == with_table(page), "run scripts/generate"
        assert all(f"[{name}](" in page for name in NAMES)


class TestWords:
    def test_a_summary_tells_what_it_holds_and_when_it_cuts(self) -> None:
        said = by_name("nginx-legacy").summary()
        assert said.startswith("holds 4,096 bytes before it passes them on, whatever is in them")
        assert "unless the answer says X-Accel-Buffering: no" in said
        assert "; cuts after 60 s of silence; loses what it holds when the stream is cut" in said

    def test_the_cause_has_no_limits_and_is_none_for_what_holds_nothing(self) -> None:
        assert by_name("haproxy").cause == "holds what comes for up to 205 ms, to send it in fewer segments"
        assert by_name("cloudflared-quick").cause == "holds the whole answer until it is complete, if asked by GET"
        assert by_name("alb").cause is None
        assert by_name("aws-apigw-stream-edge").cause is None

    def test_it_says_where_its_numbers_come_from(self, write: Write) -> None:
        assert by_name("lighttpd").founded == "measured with lighttpd 1.4.69, 2026-11-23"
        assert by_name("heroku").founded == "from documentation, not measured"
        assert by_name(write("[knobs]\n")).founded == "a profile of your own"

    def test_limits_by_the_names_of_reports(self) -> None:
        assert by_name("heroku").time_limits == {"first-byte": 30.0, "idle": 55.0}
        assert by_name("envoy-default").time_limits == {"idle": 300.0, "total": 15.0}
        assert by_name("lighttpd").time_limits == {}


class TestUsersFiles:
    def test_knobs_are_enough(self, write: Write) -> None:
        profile = by_name(write("[knobs]\nhold_bytes = 100\n"))
        assert (profile.name, profile.title, profile.basis, profile.knobs.hold_bytes) == ("mine", "mine", "own", 100)

    def test_all_of_it(self, write: Write) -> None:
        text = (FOLDER / "nginx-legacy.toml").read_text(encoding="utf-8")
        assert by_name(write(text)) == by_name("nginx-legacy")

    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            ("[knobs]\nhold_byte = 4\n", 2, 'did you mean "hold_bytes"?'),
            ("# a\n\n[knobs]\nidle_timeout_s = 1\nsurprise = 4\n", 5, "known here are: hold_bytes, "),
            ("titel = 'x'\n[knobs]\n", 1, 'did you mean "title"?'),
            ("hold_bytes = 4\n[knobs]\n", 1, "It is a knob, which belongs under [knobs]."),
            ("[knobs]\nhold_bytes = '4k'\n", 2, 'knobs.hold_bytes = "4k": expected a whole number of bytes'),
            ("[knobs]\nhold_bytes = -1\n", 2, "knobs.hold_bytes = -1: expected a whole number of bytes from 0 to"),
            ("[knobs]\nhold_bytes = 99999999999999999999\n", 2, "expected a whole number of bytes from 0 to"),
            ("[knobs]\nidle_timeout_s = 1e9\n", 2, "expected a number of seconds from 0 to 86,400"),
            ("[knobs]\nidle_timeout_s = inf\n", 2, "expected a number of seconds from 0 to 86,400"),
            ("[knobs]\nidle_timeout_s = nan\n", 2, "idle_timeout_s = nan: expected a number of seconds"),
            ("[knobs]\nidle_timeout_s = 2020-01-01\n", 2, "expected a number of seconds"),
            ("[knobs]\nhonour_xab = 'yes'\n", 2, "expected true or false"),
            ("[knobs]\nupstream_http = 1.0\n", 2, 'expected one of "1.0", "1.1"'),
            ("[knobs]\ngzip = 'on'\n", 2, 'expected one of "off", "sync", "blocked"'),
            ("[knobs]\nstrip = 'ETag'\n", 2, "expected a list"),
            ("[knobs]\nstrip = ['a b']\n", 2, "expected a name of HTTP"),
            ("[knobs]\nonly_types = [\n  'Text/Event-Stream',\n]\n", 2, "expected a media type in lower case"),
            ("title = ''\n[knobs]\n", 1, "expected text in quotes, not empty"),
            ("knobs = 4\n", 1, "expected a table"),
            ("title = 'x'\n", 1, "knobs is missing."),
            ("[knobs]\n[[cure]]\nset = {}\n", 2, "said is missing in cure."),
            (
                "[knobs]\n[[cure]]\nsaid='a'\nset={}\n[[cure]]\nsaid='b'\nset = {gzp = 'off'}\n",
                7,
                'did you mean "gzip"?',
            ),
            ("[knobs]\n[[cure]]\nsaid='a'\n[cure.set]\nhold_bytes = 'x'\n", 5, "cure 1: hold_bytes ="),
            ("[knobs]\n[sources]\nholdbytes = 'x'\n", 3, "Did you mean hold_bytes?"),
            ("[knobs]\n[sources]\ngzip = 'x'\nstrip = 4\n", 4, "sources.strip = 4: expected text in quotes"),
            ("[knobs]\n[signs]\n'x.y' = true\n", 3, "signs.x.y = true: expected text in quotes"),
            ("basis = 'measured'\n[knobs]\n", 1, "verified goes with"),
            ("verified = 'x'\n[knobs]\n", 1, "verified goes with"),
            ("[knobs]\nhold_bytes = 4\nhold_until_end = true\n", 3, "a hop holds back in one way"),
            ("[knobs]\ngzip = 'blocked'\nhold_bytes = 4\n", 3, "what such a compressor keeps is what is held back"),
            ("[knobs]\ngzip_bytes = 4\n", 2, 'gzip_bytes needs gzip = "blocked"'),
            ("[knobs]\nhold_head = true\n", 2, "hold_head needs hold_bytes"),
            ("[knobs]\non_cut = 'lose'\n", 2, "needs something that is held"),
            ("[knobs]\nrate_after_bytes = 4\n", 2, "rate_after_bytes needs rate_bytes_per_s"),
            ("[knobs]\nhold_bytes = 4\nflush_by = 'chunk'\n", 3, "each chunk would go on at once"),
            ("[knobs]\nflush_by = 'buffer'\n", 2, "needs hold_bytes"),
            ("[knobs]\nhold_bytes = 4\nflush_by = 'end'\n", 3, "needs hold_until_end"),
            ("title = '''\n[knobs]\nhold_bytes = 1\n'''\n[knobs]\nhold_bytes = 'x'\n", 6, "expected a whole number"),
            ("[knobs]\nhold_bytes =\n", 2, "not TOML: Invalid value"),
            ("[knobs]\nx = '\x00'\n", 2, "not TOML"),
            ("[knobs]\nhold_bytes = " + "9" * 4000 + "\n", 2, "expected a whole number"),
            ("[knobs]\n" + "a." * 3000 + "b = 1\n", 2, "longer than 4,096 characters"),
            ("[knobs]\n" + "a." * 300 + "b = 1\n", 2, "more than 100 dots"),
        ],
    )
    def test_mistakes_are_told_with_file_and_line(self, write: Write, text: str, line: int, said: str) -> None:
        path = write(text)
        refused = refusal(path)
        assert refused.startswith(f"{path}:{line}: "), refused
        assert said in refused

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"[knobs]\nstrip = " + b"[\n" * 20_000, "nested too deeply"),
            (b"[knobs]\n" + b"# padding\n" * 120_000, "more than 1,048,576 bytes"),
            (b"[knobs]\n# \xff\n", ":2: not UTF-8"),
            (b"[knobs]\n" + b"[" * 2000, "not TOML"),
            (b'[knobs]\n"\x1b[31m" = 1\n', "not TOML"),
            (b'[knobs]\n"\\u001b[31m" = 1\n', ":1: ␛[31m: not a key"),
        ],
    )
    def test_hostile_files_are_refused_in_a_sentence(self, tmp_path: Path, data: bytes, said: str) -> None:
        path = tmp_path / "bad.toml"
        path.write_bytes(data)
        refused = refusal(str(path))
        assert said in refused
        assert "\x1b" not in refused

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        assert refusal(str(tmp_path / "none.toml")).endswith("none.toml: cannot be read: No such file or directory.")
        assert refusal(f"{tmp_path}/").endswith(": not a file.")
        assert "cannot be read" in refusal("a\0b.toml")

    def test_an_unknown_name_gets_the_nearest_and_the_list(self) -> None:
        said = refusal("nginx-legasy")
        assert "Did you mean nginx-legacy?" in said
        assert all(name in said for name in NAMES)
        assert "\x1b" not in refusal("\x1b[31m")

    def test_knobs_can_be_changed_afterwards(self) -> None:
        profile = by_name("nginx-legacy")
        assert profile.with_knobs({"hold_bytes": 8192}).knobs.hold_bytes == 8192
        assert profile.knobs.hold_bytes == 4096
        with pytest.raises(UsageError, match="hold_bytes = -1: expected a whole number"):
            profile.with_knobs({"hold_bytes": -1})
        with pytest.raises(UsageError, match='did you mean "hold_bytes"'):
            profile.with_knobs({"hold_byte": 1})
        with pytest.raises(UsageError, match="a hop holds back in one way"):
            profile.with_knobs({"hold_until_end": True})


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
