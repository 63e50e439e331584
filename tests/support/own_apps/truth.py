"""What each app does, and what is right of it: the bytes, what `stream` says of one answer, and `check` of three."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, NamedTuple

from tests.support.own_apps.fake_llm import (
    ABOUT_ERRORS,
    ENDS_EARLY_AFTER,
    ERROR,
    FAILS_AFTER,
    PHRASE,
    TEXT,
    TOKENS,
    begun,
    one_line,
)
from tests.support.own_apps.fastapi_shapes import ENDS_ABOUT_ERRORS, FAILURE_EVENTS, FAILURES, SHAPES


class Anything(Enum):
    """Nothing is asked of this."""

    THING = 0


ANY: Final = Anything.THING
HELLO: Final = {"message": "Tell me of streams"}
SSE: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"
PLAIN: Final = "text/plain"
DONE: Final = b"data: [DONE]\n\n"
OVERLOADED: Final = "overloaded"


class Wire(NamedTuple):
    """What the bytes are, whoever reads them. `framing`: `sse`, `ndjson` or `text`; `ends`: the body's last bytes;
    `holds`: what is in it; `clean`: whether HTTP's end comes; `paced`: whether it comes in pieces."""

    content_type: str = SSE
    framing: str = "sse"
    ends: bytes = b""
    holds: bytes = b""
    clean: bool = True
    paced: bool | None = True
    status: int = 200


class Case(NamedTuple):
    """A request, and what is right of its answer. `text`: one of these, if it is a tuple; `at`: the pointer to it;
    `pointer`: the same for the raw reading, where `at` is not asked; `proven`: whether an end mark proves the ending.
    """

    app: str
    path: str
    wire: Wire
    code: int = 0
    ending: str | Anything | None = "complete"
    text: str | tuple[str, ...] | Anything = TEXT
    at: str | Anything | None = None
    proven: bool | Anything = ANY
    error: str | None = None
    body: dict[str, Any] | None = None
    pointer: str | None = None

    @property
    def words(self) -> list[str]:
        """What `sseprobe` is told beside the URL."""
        return [] if self.body is None else ["-d", json.dumps(self.body)]


CUT: Final = begun(FAILS_AFTER)
SHORT: Final = begun(ENDS_EARLY_AFTER)
LINE: Final = one_line(TEXT)
CUT_LINE: Final = one_line(CUT)
NO_SPACES: Final = "".join(one_line(token).removeprefix(" ") for token in TOKENS)
_PHRASES: Final = ["".join(TOKENS[at : at + PHRASE]) for at in range(0, len(TOKENS), PHRASE)]
FIRST_LINES: Final = "".join(phrase.split("\n")[0] for phrase in _PHRASES)
THOUGHTS: Final = "The user wants to hear of streams. I shall be brief."
TAILS: Final = ("title", "count", "sources", "rating", "varying")
PINGING: Final = "With ping you see whether a host is there; it answers with a pong. Try ping ."
JSON_WORDS: Final = '[1,2,"three",null,{},true] is a list'
TOLD: Final = f"Error: {ERROR}"


def post(app: str, path: str, wire: Wire, **right: Any) -> Case:
    """With a body."""
    return Case(app, path, wire, body=HELLO, **right)


def _failed(case: Case, path: str, ends: bytes, **right: Any) -> Case:
    """The same app, failing in-band after a while."""
    wire = case.wire._replace(ends=ends, holds=b"overloaded")
    given = {"code": 1, "ending": "error", "text": CUT, "proven": ANY, "error": OVERLOADED, **right}
    return case._replace(path=path, wire=wire, **given)


def _broken(case: Case, behaviour: str, **right: Any) -> Case:
    """The same app, whose answer ends early: with HTTP's end (`cut`), or without (`crash`)."""
    crashed = behaviour == "crash"
    wire = case.wire._replace(ends=b"", clean=not crashed)
    given = {"text": CUT, "proven": ANY if crashed else False, **right}
    if crashed:
        given = {"code": 1, "ending": "truncated", **given}
    joint = "&" if "?" in case.path else "?"
    return case._replace(path=f"{case.path}{joint}do={behaviour}", wire=wire, **given)


def _json(app: str, path: str, at: str, ends: bytes = b"", *, get: bool = False, **right: Any) -> Case:
    given = {"at": at, "proven": True, **right}
    return Case(app, path, Wire(ends=ends), **given) if get else post(app, path, Wire(ends=ends), **given)


CHAT: Final = _json("fastapi", "/chat", "/token", DONE)
API_CHAT: Final = _json("fastapi", "/api/chat", "/token", b'" story."}\n\n', proven=False)
LINES_CHAT: Final = post("fastapi", "/lines/api/chat", Wire(LINES, "ndjson"), at="/token", proven=False)
STREAM: Final = _json("fastapi", "/stream?prompt=hi", "/token", b'" story."}\n\n', get=True, proven=False)
CONTENT_DONE: Final = _json("fastapi", "/content-done", "/content", b'data: {"content": "", "done": true}\n\n')
TYPED: Final = _json("fastapi", "/typed", "/content", b'data: {"type": "done"}\n\n')
STATUS: Final = _json("fastapi", "/status", "/content", b'data: {"type": "done", "content": ""}\n\n')
AGENT: Final = _json("fastapi", "/agent", "/content")
NAMED_JSON: Final = _json("fastapi", "/named-json", "/text", b'event: done\ndata: {"tokens": 42}\n\n', get=True)
NAMED_TEXT: Final = Case("fastapi", "/named-text", Wire(ends=b"event: end\ndata: end\n\n"), proven=True)
DIFY: Final = _json("fastapi", "/dify", "/answer")
FINISH: Final = _json(
    "fastapi", "/finish-reason", "/text", b'data: {"text": "", "finish_reason": "stop"}\n\n', proven=True
)
TGI: Final = _json("fastapi", "/tgi", "/token/text", proven=ANY)
PLAIN_DONE: Final = Case("fastapi", "/plain-done", Wire(ends=DONE), text=LINE, proven=True)
PLAIN_ONLY: Final = Case("fastapi", "/plain", Wire(ends=b"data:  story.\n\n"), text=LINE, proven=False)
STARLETTES: Final = Case(
    "fastapi", "/sse-starlette", Wire(ends=b"event: end\r\ndata: \r\n\r\n"), at="/token", proven=True
)
FASTAPIS: Final = _json("fastapi", "/fastapi-sse", "/token", proven=False)
TEXT_PLAIN: Final = post("fastapi", "/text-plain", Wire(PLAIN, "text", b" story."), proven=False)
BARE: Final = post("fastapi", "/bare", Wire("", "text", b" story."), proven=False)
NDJSON: Final = post("fastapi", "/ndjson", Wire(LINES, "ndjson", b'" story."}\n'), at="/token", proven=False)
NDJSON_DONE: Final = post(
    "fastapi", "/ndjson-done", Wire(LINES, "ndjson", b'{"done": true}\n'), at="/token", proven=True
)

HEALTHY: Final = [
    CHAT,
    API_CHAT,
    API_CHAT._replace(path="/api/chat?said=nothing", body=None, wire=API_CHAT.wire),
    _json("fastapi", "/api/generate", "/text", b'data: {"done": true}\n\n'),
    LINES_CHAT,
    STREAM,
    CONTENT_DONE,
    TYPED,
    STATUS,
    AGENT,
    _json("fastapi", "/thinking", "/content", text=(TEXT, THOUGHTS + TEXT)),
    NAMED_JSON,
    NAMED_TEXT,
    DIFY,
    _json("fastapi", "/message-content", "/message/content", DONE),
    _json("fastapi", "/delta-text", "/delta/text", b"event: complete\ndata: {}\n\n"),
    post("fastapi", "/choices", Wire(ends=DONE), at=ANY, pointer="/choices/0/delta/content", proven=True),
    _json("fastapi", "/v", "/v", get=True, proven=False),
    _json("fastapi", "/data", "/data", get=True, proven=ANY),
    _json("fastapi", "/response", "/response", b"data: [DONE]\r\n\r\n"),
    FINISH,
    FINISH._replace(
        path="/finish-reason?last=length", wire=Wire(ends=b'data: {"text": "", "finish_reason": "length"}\n\n')
    ),
    Case("fastapi", "/json-strings", Wire(ends=DONE), at=ANY, pointer="", proven=True),
    TGI,
    _json("fastapi", "/repeats-whole", "/content"),
    _json("fastapi", "/repeats-elsewhere", "/delta", proven=ANY),
    _json("fastapi", "/so-far", "/text", proven=False),
    _json("fastapi", "/around", "/content", proven=ANY),
    _json("fastapi", "/around-done", "/content", proven=True),
    _json("fastapi", "/pings", "/text", b'data: {"type": "complete"}\n\n'),
    _json("fastapi", "/constants", "/content", proven=True),
    _json("fastapi", "/hard-names", "/piece", DONE),
    _json("fastapi", "/ids", "/chunk", b"event: close\ndata: \n\n", get=True, proven=ANY),
    PLAIN_DONE,
    PLAIN_ONLY,
    Case("fastapi", "/plain-newlines", Wire(ends=DONE), text=TEXT.replace("\n", ""), proven=True),
    Case("fastapi", "/plain-phrases", Wire(ends=DONE), text=FIRST_LINES, proven=True),
    Case("fastapi", "/no-space", Wire(ends=b"data:[DONE]\n\n"), text=NO_SPACES, proven=True),
    STARLETTES,
    Case("fastapi", "/sse-starlette-text", Wire(ends=b"data: [DONE]\r\n\r\n"), proven=True),
    FASTAPIS,
    post("fastapi", "/fastapi-sse-events", Wire(), at=ANY, pointer="", proven=True),
    TEXT_PLAIN,
    BARE,
    post("fastapi", "/html", Wire("text/html", "text", b" story."), proven=False),
    NDJSON,
    NDJSON_DONE,
    NDJSON_DONE._replace(path="/ndjson-as-text", wire=Wire(PLAIN, "ndjson", b'{"done": true}\n')),
    NDJSON_DONE._replace(path="/ndjson-as-json", wire=Wire("application/json", "ndjson", b'{"done": true}\n')),
    NDJSON_DONE._replace(path="/ndjson-bare", wire=Wire("", "ndjson", b'{"done": true}\n')),
    post("fastapi", "/sse-as-text", Wire(PLAIN, "sse", DONE), at="/token", proven=True),
    post("fastapi", "/sse-bare", Wire("", "sse", DONE), at="/token", proven=True),
    *(
        Case("fastapi", f"/marks/{mark}", Wire(), at="/token")
        for mark in (
            *("bracket-end", "end", "eos", "status", "finished"),
            *("final", "type", "event-close", "event-field", "own-word"),
        )
    ),
]

TALKING: Final = [
    _json("fastapi", "/about-errors", "/token", DONE, get=True, text=ABOUT_ERRORS),
    Case("fastapi", "/about-errors-plain", Wire(ends=b"data:  done.\n\n"), text=one_line(ABOUT_ERRORS), proven=False),
    post("fastapi", "/about-errors-text", Wire(PLAIN, "text", b" done."), text=ABOUT_ERRORS, proven=False),
    *(
        Case("fastapi", f"/ends-about-errors?form={form}", wire, text=ENDS_ABOUT_ERRORS, at=at, proven=False)
        for form, wire, at in (
            ("token", Wire(), "/token"),
            ("words", Wire(), None),
            ("text", Wire(PLAIN, "text"), None),
        )
    ),
    Case("fastapi", "/sentences", Wire(ends=DONE, holds=b"[ERROR]"), text=ANY, at="/token", proven=True),
    _json("fastapi", "/tool-fails", "/token", b'data: {"type": "done"}\n\n', get=True),
    *(
        _json("fastapi", f"/no-error?value={value}", "/token", get=True, proven=ANY)
        for value in ("null", "false", '""')
    ),
    _json("fastapi", "/retried", "/token", b'data: {"type": "done"}\n\n', get=True),
]
"""Fine, though they speak of errors."""

FAILING: Final = [
    _failed(CHAT, "/chat?do=error", b'event: error\ndata: {"error": "' + ERROR.encode() + b'"}\n\n'),
    _failed(API_CHAT, "/api/chat?do=error", b'"code": "overloaded"}}\n\n'),
    _failed(LINES_CHAT, "/lines/api/chat?do=error", b'later"}\n'),
    _failed(STREAM, "/stream?do=error", b'later"}\n\n'),
    _failed(CONTENT_DONE, "/content-done?do=error", b'"done": true}\n\n'),
    _failed(TYPED, "/typed?do=error", b'later"}\n\n'),
    _failed(STATUS, "/status?do=error", b'later"}\n\n'),
    _failed(AGENT, "/agent?do=error", b'later"}\n\n'),
    _failed(NAMED_JSON, "/named-json?do=error", b'later"}\n\n'),
    _failed(NAMED_TEXT, "/named-text?do=error", b"later\n\n"),
    _failed(DIFY, "/dify?do=error", b'"}\n\n'),
    _failed(PLAIN_DONE, "/plain-done?do=error", b"later\n\n", text=ANY),
    _failed(PLAIN_ONLY, "/plain?do=error", b"later\n\n", text=ANY),
    _failed(STARLETTES, "/sse-starlette?do=error", b'later"}\r\n\r\n'),
    _failed(FASTAPIS, "/fastapi-sse?do=error", b'later"}\n\n'),
    _failed(TEXT_PLAIN, "/text-plain?do=error", b"later", text=ANY),
    _failed(BARE, "/bare?do=error", b"later", text=ANY),
    _failed(NDJSON, "/ndjson?do=error", b'later"}}\n'),
    _failed(NDJSON_DONE, "/ndjson-done?do=error", b'later"}\n'),
    *(
        _failed(each, f"{each.path.partition('?')[0]}?do=error-first", b"", text=ANY, at=ANY)._replace(
            wire=each.wire._replace(ends=b"", holds=b"overloaded", paced=None)
        )
        for each in (CHAT, STREAM, TYPED, NAMED_JSON, NAMED_TEXT, PLAIN_DONE, PLAIN_ONLY, TEXT_PLAIN, BARE, NDJSON)
    ),
]


def _shapes() -> Iterator[Case]:
    base = Case("fastapi", "", Wire(), at="/token")
    for shape in (
        *("event-json", "event-message", "event-text", "string", "object", "true", "beside", "type", "type-content"),
        *("event-field", "status-field", "done", "event-done"),
    ):
        yield _failed(base, f"/errors/{shape}", b"")
    for shape, told in (("token", TOLD), ("token-done", TOLD), ("token-marked", f"\n\n[ERROR] {ERROR}")):
        yield _failed(base, f"/errors/{shape}", b"", text=(CUT, CUT + told))
    yield _failed(base, "/errors/content-after", b"", text=ANY)
    yield _failed(base, "/errors/trace", b"", error="ProviderError")
    for shape in ("event-json", "event-text", "string", "object", "type", "text", "bracket"):
        yield _failed(base, f"/plain-errors/{shape}", b"", text=ANY, at=None)


BROKEN: Final = [
    *(
        _broken(each, behaviour)
        for behaviour in ("cut", "crash")
        for each in (CHAT, CONTENT_DONE, TYPED, NAMED_JSON, DIFY, NDJSON_DONE, STREAM, TEXT_PLAIN)
    ),
    _broken(PLAIN_DONE, "cut", text=CUT_LINE),
    _broken(PLAIN_DONE, "crash", text=CUT_LINE),
    _broken(FINISH, "cut"),
    _broken(TGI, "cut", text=ANY),
    _broken(FASTAPIS, "cut"),
    _broken(STARLETTES, "cut"),
    post("fastapi", "/cut-in-an-event", Wire(ends=b'"and th'), text=SHORT, at="/token", code=1, ending="truncated"),
    post("fastapi", "/chat?do=refuse", Wire("application/json", "text", paced=False, status=503), code=3, ending=None),
    post("fastapi", "/not-a-stream", Wire("application/json", "text", paced=False), code=3, ending=None),
]

SHAPED: Final = [
    *(Case("fastapi", f"/shapes/{name}", Wire(ends=DONE), at=at, proven=True) for name, (_, at) in SHAPES.items()),
    *(Case("fastapi", f"/tails/{tail}", Wire(), at="/token") for tail in TAILS),
    # Its last status is the same as one before the answer.
    _json("fastapi", "/search-first", "/content", get=True, proven=False),
    Case("fastapi", "/pinging", Wire(ends=DONE), text=PINGING, proven=True),
    Case("fastapi", "/json-words", Wire(ends=DONE), text=JSON_WORDS, proven=True),
    *(
        Case(
            "fastapi",
            f"/text-about/{word}",
            Wire(PLAIN, "text"),
            text=f"{word} is a word like any other.",
            proven=False,
        )
        for word in ("data", "event", "id", "d", ":", "{", '{"a"')
    ),
    *(
        Case("fastapi", f"/typed-lines/{kind}", Wire(kind, "ndjson"), at="/token", proven=True)
        for kind in ("application/jsonl", "application/jsonlines", "application/stream+json", "application/ndjson")
    ),
    Case("fastapi", "/passed-on", Wire(), at=ANY, pointer="/choices/0/delta/content"),
    Case("fastapi", "/mistakes/end-without-data", Wire(ends=b"event: end\n\n"), at="/token", proven=False),
]

SAID: Final = [
    *(
        Case(
            "fastapi", f"/says/{failure}?form={form}",
            Wire(PLAIN if form == "text" else SSE, "text" if form == "text" else "sse", holds=b"overloaded"),
            code=1, ending="error", text=ANY, at="/token" if form == "token" else None, error=OVERLOADED,
        )
        for form in ("token", "words", "text")
        for failure in (FAILURES if form == "token" else ("sdk", "generating", "occurred", "in-brackets", "class"))
    ),
    *(
        Case(
            "fastapi", f"/failure-events/{failure}", Wire(holds=b"overloaded"),
            code=1, ending="error", text=ANY, at="/token", error=OVERLOADED,
        )
        for failure in FAILURE_EVENTS
    ),
    *(
        Case(
            "fastapi", f"/one-write/{form}",
            Wire(PLAIN if form == "text" else SSE, "text" if form == "text" else "sse", holds=b"overloaded"),
            code=1, ending="error", text=ANY, at="/token" if form == "token" else None, error=OVERLOADED,
        )
        for form in ("token", "words", "text")
    ),
]  # fmt: skip

OTHERS: Final = [
    Case("fastapi", "/ticker", Wire(), text=ANY, proven=ANY),
    Case("fastapi", "/symbols", Wire(), text=ANY, proven=ANY),
    Case("fastapi", "/log", Wire(), text=ANY, proven=ANY),
    Case("fastapi", "/log-text", Wire(PLAIN, "text"), text=ANY, proven=ANY),
    Case("fastapi", "/feed", Wire(), text=ANY, at=ANY, proven=ANY),
    Case("fastapi", "/progress", Wire(), text=ANY, at=ANY, proven=ANY),
]
"""Nothing of an LLM in them."""

BUFFERED: Final = [
    post("fastapi", "/buffered/list?do=whole", Wire(ends=DONE, paced=False), at="/token", proven=True),
    post("fastapi", "/buffered/one-event?do=whole", Wire(ends=DONE, paced=False), at="/token", proven=True),
]

FLASK_CHAT: Final = _json("flask", "/chat", "/token", DONE)
FLASK_STREAM: Final = Case("flask", "/stream", Wire(ends=b"data:  story.\n\n"), text=LINE, proven=False)
FLASK_NAMED: Final = _json("flask", "/named", "/content", b"event: done\ndata: {}\n\n", get=True)
FLASK_TEXT: Final = post("flask", "/text", Wire(PLAIN, "text", b" story."), proven=False)
FLASK_LINES: Final = post("flask", "/lines", Wire(LINES, "ndjson", b'"done": true}\n'), at="/response", proven=True)
EXPRESS_CHAT: Final = _json("express", "/chat", "/token", DONE)
EXPRESS_API: Final = _json("express", "/api/chat", "/content", b'data: {"done":true}\n\n')
EXPRESS_STREAM: Final = Case("express", "/stream", Wire(ends=b"data:  story.\n\n"), text=LINE, proven=False)
EXPRESS_TYPED: Final = _json("express", "/typed", "/text", b'data: {"type":"end"}\n\n')
EXPRESS_TEXT: Final = post("express", "/text", Wire(PLAIN, "text", b" story."), proven=False)
EXPRESS_BARE: Final = post("express", "/bare", Wire("", "text", b" story."), proven=False)
HONO_CHAT: Final = _json("hono", "/chat", "/token", DONE)
HONO_NAMED: Final = _json("hono", "/named", "/text", get=True)
HONO_WORDS: Final = Case("hono", "/words", Wire(ends=b"data:  story.\n\n"), proven=False)
HONO_TEXT: Final = post("hono", "/text", Wire(PLAIN, "text", b" story."), proven=False)
HONO_LINES: Final = post("hono", "/lines", Wire(LINES, "ndjson", b'{"done":true}\n'), at="/delta", proven=True)
HONO_RESPONSE: Final = _json("hono", "/response", "/response", DONE)

ELSEWHERE: Final = [
    FLASK_CHAT,
    FLASK_STREAM,
    FLASK_NAMED,
    FLASK_TEXT,
    post("flask", "/html", Wire("text/html", "text", b" story."), proven=False),
    FLASK_LINES,
    _failed(FLASK_CHAT, "/chat?do=error", b'later"}\n\n'),
    _failed(FLASK_STREAM, "/stream?do=error", b"later\n\n", text=ANY),
    _failed(FLASK_NAMED, "/named?do=error", b'later"}\n\n'),
    _failed(FLASK_TEXT, "/text?do=error", b"later", text=ANY),
    _failed(FLASK_LINES, "/lines?do=error", b'"done": true}\n'),
    _broken(FLASK_CHAT, "cut"),
    _broken(FLASK_CHAT, "crash"),
    _broken(FLASK_NAMED, "cut"),
    _broken(FLASK_LINES, "crash"),
    EXPRESS_CHAT,
    EXPRESS_API,
    EXPRESS_STREAM,
    EXPRESS_TYPED,
    EXPRESS_TEXT,
    EXPRESS_BARE,
    _failed(EXPRESS_CHAT, "/chat?do=error", b'later"}\n\n'),
    _failed(EXPRESS_API, "/api/chat?do=error", b'later"}\n\n'),
    _failed(EXPRESS_STREAM, "/stream?do=error", b"later\n\n", text=ANY),
    _failed(EXPRESS_TYPED, "/typed?do=error", b'later"}}\n\n'),
    _failed(EXPRESS_BARE, "/bare?do=error", b"later", text=ANY),
    _broken(EXPRESS_CHAT, "cut"),
    _broken(EXPRESS_CHAT, "crash", text=ANY),
    _broken(EXPRESS_TYPED, "cut"),
    _broken(EXPRESS_TEXT, "crash", text=ANY),
    HONO_CHAT,
    HONO_NAMED,
    HONO_WORDS,
    HONO_TEXT,
    HONO_LINES,
    HONO_RESPONSE,
    # Without a handler of errors the helper swallows them.
    _broken(HONO_CHAT, "error"),
    _failed(HONO_NAMED, "/named?do=error", b"later\n\n"),
    _failed(HONO_LINES, "/lines?do=error", b'later"}\n'),
    _broken(HONO_CHAT, "cut"),
    _broken(HONO_TEXT, "cut"),
    _broken(HONO_RESPONSE, "crash", text=ANY),
]

CASES: Final = [*HEALTHY, *SHAPED, *SAID, *TALKING, *FAILING, *_shapes(), *BROKEN, *OTHERS, *BUFFERED, *ELSEWHERE]


class Checked(NamedTuple):
    """What is right of `check`. `fails`: exit code 1, else 0, None: either; `finds`: families or rules one of which
    must have a finding; `words`: more for the command line."""

    app: str
    path: str
    fails: bool | None
    body: dict[str, Any] | None = None
    finds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def _checked(case: Case, do: str = "", *, fails: bool | None = False, finds: tuple[str, ...] = ()) -> Checked:
    path = case.path
    if do:
        path += ("&" if "?" in path else "?") + f"do={do}"
    return Checked(case.app, path, fails, case.body, finds)


MARKED: Final = (CHAT, CONTENT_DONE, TYPED, NAMED_JSON, DIFY, FINISH, PLAIN_DONE, STARLETTES, NDJSON_DONE)
UNMARKED: Final = (STREAM, API_CHAT, PLAIN_ONLY, FASTAPIS, TEXT_PLAIN, NDJSON)
ONCE: Final = ("--repeat", "1")
COMPRESSED: Final = (*ONCE, "--probe", "compression")
UNPROVEN: Final = ("APP",)

CHECKS: Final = [
    *map(_checked, (*MARKED, STATUS, AGENT, NAMED_TEXT, TGI)),
    *(_checked(each, finds=UNPROVEN) for each in UNMARKED),
    *map(_checked, (*TALKING[:4], *OTHERS)),
    Checked("fastapi", "/finish-reason?last=mixed:a", False, HELLO),
    *(Checked("fastapi", f"/tails/{tail}?key=check", False) for tail in TAILS),
    Checked("fastapi", "/tails/varying?do=sometimes:varying", True),
    Checked("fastapi", "/passed-on", False),
    Checked("fastapi", "/search-first", False),
    Checked("fastapi", "/tool-fails", False),
    Checked("fastapi", "/pinging", False),
    Checked("fastapi", "/json-words", False),
    Checked("fastapi", "/sse-starlette-text", False),
    Checked("fastapi", "/around", False, HELLO),
    Checked("fastapi", "/around-done", False, HELLO),
    Checked("fastapi", "/repeats-whole", False, HELLO),
    Checked("fastapi", "/constants", False, HELLO),
    Checked("fastapi", "/fastapi-sse-events", None, HELLO),  # likewise
    *(
        Checked("fastapi", f"/mistakes/{name}", True)
        for name in ("bare-events", "one-newline", "lines-as-events", "no-last-blank")
    ),
    Checked("fastapi", "/mistakes/repr", None, None, ("APP", "JSON")),
    Checked("fastapi", "/mistakes/end-without-data", False, None, ("APP", "SSE")),
    Checked("fastapi", "/plain-newlines", None, None, ("APP", "SSE")),
    Checked("fastapi", "/plain-phrases", None, None, ("APP", "SSE")),
    Checked("fastapi", "/no-space", None, None, ("APP", "SSE010")),
    Checked("fastapi", "/sse-as-text", None, HELLO, ("HTTP002",)),
    *(_checked(each, "cut", finds=UNPROVEN) for each in (CHAT, PLAIN_DONE)),
    *(_checked(each, "crash", fails=True) for each in (CHAT, TEXT_PLAIN, FLASK_CHAT)),
    # A failure that is told well breaks no rule; one that is told as text does.
    *(_checked(each, "error", fails=None) for each in (CHAT, TYPED, NDJSON)),
    *(_checked(each, "error", fails=True) for each in (PLAIN_ONLY, PLAIN_DONE, TEXT_PLAIN)),
    Checked("fastapi", "/errors/token", True),
    *(_checked(each, f"sometimes:{at}", fails=True) for at, each in enumerate(MARKED)),
    *(_checked(each, f"at-first:{at}", fails=True) for at, each in enumerate((CHAT, NAMED_JSON))),
    *(
        Checked("fastapi", f"/marks/{mark}?do=sometimes:{mark}", True)
        for mark in ("bracket-end", "end", "status", "final", "type", "event-close", "own-word")
    ),
    *(
        _checked(each, f"sometimes:{each.app}{each.path}", fails=True)
        for each in (FLASK_CHAT, FLASK_NAMED, EXPRESS_CHAT, EXPRESS_TYPED, HONO_CHAT, HONO_LINES)
    ),
    *map(_checked, (FLASK_CHAT, EXPRESS_CHAT, HONO_CHAT)),
    _checked(HONO_NAMED, fails=None),  # it numbers its events, and cannot be resumed
    Checked("fastapi", "/buffered/list", True, HELLO, ("BUF001",), ONCE),
    Checked("fastapi", "/buffered/one-event", None, HELLO, ("APP", "BUF"), ONCE),
    Checked("fastapi", "/buffered/gzip", True, HELLO, ("BUF001", "BUF006", "HTTP006"), ONCE),
    Checked("fastapi", "/buffered/gzip?polite=1", True, HELLO, ("BUF006",), COMPRESSED),
    Checked("fastapi", "/gzip/ndjson?do=whole", False, HELLO, (), COMPRESSED),
    Checked("fastapi", "/gzip/sse", False, HELLO, (), COMPRESSED),
]
