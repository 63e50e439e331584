"""Every clause of WHATWG HTML 9.2.6, in every style of line ending, cut in every way: nothing early, nothing late."""

from dataclasses import dataclass

import pytest

from sseprobe.sse import (
    Bom,
    Comment,
    Event,
    EventStreamParser,
    Fields,
    Frame,
    IgnoredField,
    IgnoredReason,
    InvalidUtf8,
    Item,
    LimitExceeded,
    Newlines,
    Retry,
    Tail,
)
from tests.sse import oracle
from tests.sse.cuts import CUTS, Cut, at_random, by, inside_crlf, parse, whole

Fact = tuple[object, ...]

BOM: Fact = ("bom",)
NUL_IN_ID, NOT_DIGITS = IgnoredReason.NUL_IN_ID, IgnoredReason.RETRY_NOT_DIGITS
FFFD = "\N{REPLACEMENT CHARACTER}"


def event(data: str, event_type: str = "message", last_event_id: str = "") -> Fact:
    return ("event", event_type, data, last_event_id)


def comment(text: str) -> Fact:
    return ("comment", text)


def retry(ms: int) -> Fact:
    return ("retry", ms)


def ignored(name: str, value: str = "", reason: IgnoredReason = IgnoredReason.UNKNOWN_NAME) -> Fact:
    return ("ignored", name, value, reason)


def invalid(raw: bytes) -> Fact:
    return ("invalid", raw)


def tail(data: str | None = None) -> Fact:
    return ("tail", data)


def fact(item: Item) -> Fact:  # a table with types
    """An item without its span."""
    match item:
        case Event():
            return event(item.data, item.type, item.last_event_id)
        case Comment():
            return comment(item.text)
        case Retry():
            return retry(item.ms)
        case IgnoredField():
            return ignored(item.name, item.value, item.reason)
        case InvalidUtf8():
            return invalid(item.raw)
        case Tail():
            return tail(item.data)
        case Bom():
            return BOM
        case Frame() | LimitExceeded():
            return (type(item).__name__,)


@dataclass(frozen=True)
class Case:
    """A body, each LF of it to be replaced by the style under test unless it is `verbatim`, and what it says."""

    name: str
    body: bytes
    facts: tuple[Fact, ...]
    last_event_id: str = ""
    verbatim: bool = False

    def bytes(self, newline: bytes) -> bytes:
        """The body in one style of line ending."""
        return self.body if self.verbatim else self.body.replace(b"\n", newline)


def case(name: str, body: bytes, *facts: Fact, last_event_id: str = "", verbatim: bool = False) -> Case:
    return Case(name, body, facts, last_event_id, verbatim)


def verbatim(name: str, body: bytes, *facts: Fact) -> Case:
    return Case(name, body, facts, verbatim=True)


CASES = (
    case("nothing", b""),
    case("one blank line", b"\n"),
    case("extra blank lines", b"\n\ndata: a\n\n\n\ndata: b\n\n\n", event("a"), event("b")),
    # data
    case("data", b"data: a\n\n", event("a")),
    case("two events", b"data: a\n\ndata: b\n\n", event("a"), event("b")),
    case("two data lines", b"data: a\ndata: b\n\n", event("a\nb")),
    case("three data lines, the middle one empty", b"data: a\ndata\ndata: b\n\n", event("a\n\nb")),
    case("no space", b"data:a\n\n", event("a")),
    case("one space is stripped, the second stays", b"data:  a\n\n", event(" a")),
    case("a tab is no space", b"data:\ta\n\n", event("\ta")),
    case("trailing spaces stay", b"data: a  \n\n", event("a  ")),
    case("colons in the value stay", b"data: a: b:c\n\n", event("a: b:c")),
    case("a value that begins with a colon", b"data::a\n\n", event(":a")),
    case("empty data", b"data:\n\n", event("")),
    case("empty data with a space", b"data: \n\n", event("")),
    case("empty data without a colon", b"data\n\n", event("")),
    case("two empty data lines", b"data\ndata\n\n", event("\n")),
    case("an empty data line first", b"data:\ndata: a\n\n", event("\na")),
    case("an empty data line last", b"data: a\ndata:\n\n", event("a\n")),
    case("NUL in data stays", b"data: a\0b\n\n", event("a\0b")),
    case("JSON", b'data: {"a": "\xc3\xa9\xf0\x9f\x99\x82"}\n\n', event('{"a": "é🙂"}')),
    case("field-like data", b"data: data: a\n\n", event("data: a")),
    # names
    case("names are case sensitive", b"Data: a\nDATA: b\n\n", ignored("Data", "a"), ignored("DATA", "b")),
    case("names are not trimmed", b" data: a\ndata : b\n\n", ignored(" data", "a"), ignored("data ", "b")),
    case("NUL in a name", b"data\0: a\n\0data: b\n\n", ignored("data\0", "a"), ignored("\0data", "b")),
    case("an unknown field", b"foo: bar\ndata: a\n\n", ignored("foo", "bar"), event("a")),
    case("an unknown field in place of data", b"event: e\nfoo: bar\n\ndata: a\n\n", ignored("foo", "bar"), event("a")),
    case("an unknown name without a colon", b"just some text\ndata: a\n\n", ignored("just some text"), event("a")),
    case("a longer name", b"datax: a\ndat: b\n\n", ignored("datax", "a"), ignored("dat", "b")),
    case("spaces are a name", b"  \n\n", ignored("  ")),
    # comments
    case("a comment", b": a\n\n", comment(" a")),
    case("an empty comment", b":\n\n", comment("")),
    case("a comment in an event", b"data: a\n: c\ndata: b\n\n", comment(" c"), event("a\nb")),
    case("a field in a comment", b":data: a\n\n", comment("data: a")),
    case("NUL in a comment", b":\0\n\n", comment("\0")),
    case("a comment between events", b"data: a\n\n:ping\n\ndata: b\n\n", event("a"), comment("ping"), event("b")),
    # event
    case("a type", b"event: e\ndata: a\n\n", event("a", "e")),
    case("a type after the data", b"data: a\nevent: e\n\n", event("a", "e")),
    case("the last type counts", b"event: e\nevent: f\ndata: a\n\n", event("a", "f")),
    case("an empty type is message", b"event: \ndata: a\n\nevent\ndata: b\n\n", event("a"), event("b")),
    case("an empty type undoes another", b"event: e\nevent:\ndata: a\n\n", event("a")),
    case("the type is reset", b"event: e\ndata: a\n\ndata: b\n\n", event("a", "e"), event("b")),
    case("the type is reset without data", b"event: e\n\ndata: a\n\n", event("a")),
    case("a type with spaces", b"event:  e \ndata: a\n\n", event("a", " e ")),
    case("a type and two data lines", b"event: e\ndata: a\ndata: b\n\n", event("a\nb", "e")),
    case("two types, one frame each", b"event: e\n\nevent: f\ndata: a\n\n", event("a", "f")),
    # id
    case("an id", b"id: 1\ndata: a\n\n", event("a", last_event_id="1"), last_event_id="1"),
    case("an id after the data", b"data: a\nid: 1\n\n", event("a", last_event_id="1"), last_event_id="1"),
    case(
        "the id is sticky",
        b"id: 1\ndata: a\n\ndata: b\n\nevent: e\ndata: c\n\n",
        event("a", last_event_id="1"),
        event("b", last_event_id="1"),
        event("c", "e", "1"),
        last_event_id="1",
    ),
    case("a block of an id alone commits it", b"id: 1\n\ndata: a\n\n", event("a", last_event_id="1"), last_event_id="1"),
    case("the id of a pending block is not committed", b"id: 1\n\nid: 2\ndata: a\n", tail("a"), last_event_id="1"),
    case("an id without its blank line", b"id: 1\n", tail()),
    case(
        "an empty id resets",
        b"id: 1\ndata: a\n\nid\ndata: b\n\ndata: c\n\n",
        event("a", last_event_id="1"),
        event("b"),
        event("c"),
    ),
    case("an empty id with a colon resets", b"id: 1\n\nid: \ndata: a\n\n", event("a")),
    case(
        "an id with NUL is ignored",
        b"id: 1\n\nid: 2\0\ndata: a\n\n",
        ignored("id", "2\0", NUL_IN_ID),
        event("a", last_event_id="1"),
        last_event_id="1",
    ),
    case("an id of NUL", b"id:\0\ndata: a\n\n", ignored("id", "\0", NUL_IN_ID), event("a")),
    case("an id that is not ASCII", b"id: \xe2\x80\xa6\ndata: a\n\n", event("a", last_event_id="…"), last_event_id="…"),
    case("id, event, data", b"id: 1\nevent: e\ndata: a\n\n", event("a", "e", "1"), last_event_id="1"),
    # retry
    case("retry", b"retry: 3000\n\n", retry(3000)),
    case("retry without a blank line", b"retry: 3000\n", retry(3000), tail()),
    case("retry with leading zeros", b"retry:03000\n\n", retry(3000)),
    case("retry 0", b"retry: 0\nretry: 000\n\n", retry(0), retry(0)),
    case("retry at the limit", b"retry: 9223372036854775807\n\n", retry(2**63 - 1)),
    case("retry just beyond the limit", b"retry: 9223372036854775808\n\n", retry(2**63 - 1)),
    case("a huge retry", b"retry: " + b"9" * 5000 + b"\n\n", retry(2**63 - 1)),
    case("a huge number of leading zeros", b"retry: " + b"0" * 5000 + b"7\n\n", retry(7)),
    case("an empty retry", b"retry\nretry:\n\n", ignored("retry", "", NOT_DIGITS), ignored("retry", "", NOT_DIGITS)),
    *(
        case(f"retry {value!r}", b"retry: " + value.encode() + b"\n\n", ignored("retry", value, NOT_DIGITS))
        for value in ("1000x", "+5", "-5", " 5", "5 ", "1_000", "1.5", "٣", "５", "²", "5\0")
    ),
    case(
        "the last good retry stays",
        b"retry: 1\nretry: x\ndata: a\n\n",
        retry(1),
        ignored("retry", "x", NOT_DIGITS),
        event("a"),
    ),
    # byte order mark
    case("a byte order mark", b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", BOM, event("a"), event("b")),
    case("two of them", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", BOM, ignored("\ufeffdata", "a")),
    case("a late one", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", event("a"), ignored("\ufeffdata", "b")),
    case("one after a line ending", b"\n\xef\xbb\xbfdata: b\n\n", ignored("\ufeffdata", "b")),
    case("one in data", b"data: \xef\xbb\xbfa\n\n", event("\ufeffa")),
    case("nothing but a byte order mark", b"\xef\xbb\xbf", BOM, tail()),
    case("a byte order mark and a blank line", b"\xef\xbb\xbf\ndata: a\n\n", BOM, event("a")),
    case("a byte order mark before a comment", b"\xef\xbb\xbf:a\n\n", BOM, comment("a")),
    case("one byte of it", b"\xef", invalid(b"\xef"), tail()),
    case("two bytes of it", b"\xef\xbb", invalid(b"\xef\xbb"), tail()),
    case("two bytes, then a field", b"\xef\xbbdata: a\n\n", invalid(b"\xef\xbb"), ignored(FFFD + "data", "a")),
    # malformed UTF-8
    case("broken data", b"data: a\xffb\n\n", invalid(b"\xff"), event(f"a{FFFD}b")),
    case("only the first of a line", b"data: \xff\xfe\n\n", invalid(b"\xff"), event(FFFD * 2)),
    case("one in each line", b"data: \xff\ndata: \xfe\n\n", invalid(b"\xff"), invalid(b"\xfe"), event(f"{FFFD}\n{FFFD}")),
    case("a sequence cut by the line ending", b"data: \xe2\x82\n\n", invalid(b"\xe2\x82"), event(FFFD)),
    case("a sequence across lines is none", b"data:\xe2\ndata:\x82\xac\n\n", *map(invalid, (b"\xe2", b"\x82")),
         event(f"{FFFD}\n{FFFD}{FFFD}")),
    case("a surrogate", b"data: \xed\xa0\x80\n\n", invalid(b"\xed"), event(FFFD * 3)),
    case("an overlong slash", b"data: \xc0\xaf\n\n", invalid(b"\xc0"), event(FFFD * 2)),
    case("a broken comment", b":\xff\n\n", invalid(b"\xff"), comment(FFFD)),
    case("a broken name", b"\xffdata: a\n\n", invalid(b"\xff"), ignored(FFFD + "data", "a")),
    case("a broken value of an unknown field", b"x:\xff\n\n", invalid(b"\xff"), ignored("x", FFFD)),
    case("a broken id", b"id: \xff\ndata: a\n\n", invalid(b"\xff"), event("a", last_event_id=FFFD), last_event_id=FFFD),
    case("a broken type", b"event: \xff\ndata: a\n\n", invalid(b"\xff"), event("a", FFFD)),
    case("broken data after a type", b"event: e\ndata: \xff\n\n", invalid(b"\xff"), event(FFFD, "e")),
    case("a sequence cut by the end", b"data: a\xf0\x9f\x99", invalid(b"\xf0\x9f\x99"), tail("a" + FFFD)),
    # what ends no line
    *(
        case(f"{character!r} ends no line", f"data: a{character}b\n\n".encode(), event(f"a{character}b"))
        for character in "\u2028\u2029\x85\v\f\x1c\x1d\x1e"
    ),
    # blocks without data
    case("a type alone", b"event: e\n\n"),
    case("an id alone", b"id: 1\n\n", last_event_id="1"),
    case("keep-alives after an id", b"id: 1\n\n:\n\n\n", comment(""), last_event_id="1"),
    # the tail
    case("a line without end", b"data: a", tail("a")),
    case("a line without the blank one", b"data: a\n", tail("a")),
    case("a tail after an event", b"data: a\n\ndata: b\ndata: c", event("a"), tail("b\nc")),
    case("a tail without data", b"data: a\n\nevent: e\n", event("a"), tail()),
    case("a tail of an empty data line", b"data\n", tail("")),
    case("a tail that is a name begun", b"data: a\n\ndat", event("a"), tail()),
    case("a tail that is a comment begun", b"data: a\n: b", tail("a")),
    case("a tail that is a finished comment", b":a\n", comment("a"), tail()),
    case("a tail that is a retry begun", b"retry: 5", tail()),
    case("a tail that is a type begun", b"data: a\nevent: e", tail("a")),
    # line endings
    verbatim("CRLF, LF and CR mixed", b"data: a\r\ndata: b\ndata: c\rdata: d\r\n\n", event("a\nb\nc\nd")),
    verbatim("LF, then CRLF", b"data: a\n\r\ndata: b\n\r\n", event("a"), event("b")),
    verbatim("CRLF, then LF", b"data: a\r\n\ndata: b\r\n\n", event("a"), event("b")),
    verbatim("CR, then CRLF", b"data: a\r\r\ndata: b\r\r\n", event("a"), event("b")),
    verbatim("CRLF, then CR", b"data: a\r\n\rdata: b\r\n\r", event("a"), event("b")),
    verbatim("CRLF is one line ending", b"data: a\r\ndata: b\r\n\r\n", event("a\nb")),
    verbatim("LF CR is two", b"data: a\n\rdata: b\n\r", event("a"), event("b")),
    verbatim("CR CR LF LF", b"data: a\r\r\n\ndata: b\r\r", event("a"), event("b")),
    verbatim("a CR within an LF stream", b"data: a\rdata: b\n\ndata: c\n\n", event("a\nb"), event("c")),
    verbatim("CRs within a CRLF stream", b"data: a\r\rdata: b\r\n\r\ndata: c\r\n\r\n", *map(event, "abc")),
    verbatim("an LF frame in a CRLF stream", b"data: a\n\ndata: b\r\n\r\n", event("a"), event("b")),
    verbatim("an LF line in a CRLF frame", b"event: e\ndata: a\r\n\r\n", event("a", "e")),
    verbatim("a CRLF line in an LF frame", b"event: e\r\ndata: a\n\n", event("a", "e")),
    verbatim("a CRLF blank line after LF", b"event: e\ndata: a\n\r\n", event("a", "e")),
    verbatim("an LF blank line after CRLF", b"event: e\r\ndata: a\r\n\n", event("a", "e")),
    verbatim("the body ends with a CR", b"data: a\r", tail("a")),
    verbatim("the body ends between CR and LF", b"data: a\r\n\r", event("a")),
)  # fmt: skip

STYLES = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}
BODIES = [
    pytest.param(each, newline, id=f"{each.name} [{style}]")
    for each in CASES
    for style, newline in STYLES.items()
    if style == "LF" or not each.verbatim
]


def test_case_names_are_unique() -> None:
    assert len({each.name for each in CASES}) == len(CASES) > 60


@pytest.mark.parametrize(("case", "newline"), BODIES)
def test_every_way_to_cut_it(case: Case, newline: bytes) -> None:
    body = case.bytes(newline)
    for cut in CUTS:
        items, parser = parse(cut(body))
        assert [fact(item) for item in items if not isinstance(item, Frame)] == list(case.facts), cut.__name__
        assert parser.last_event_id == case.last_event_id, cut.__name__
        assert items == parse(whole(body))[0], cut.__name__


@pytest.mark.parametrize(("case", "newline"), BODIES)
def test_nothing_early_and_nothing_late(case: Case, newline: bytes) -> None:
    """The oracle reads every prefix as a whole: what it finds there must be out, and nothing else."""
    body = case.bytes(newline)
    parser = EventStreamParser()
    items: list[Item] = []
    for size in range(1, len(body) + 1):
        new = parser.receive(body[size - 1 : size])
        items += new
        if len(body) > 200 and size % 97 and not new:
            continue  # the few long bodies are one long line
        expected = oracle.read(body[:size])
        events = [item for item in items if isinstance(item, Event)]
        assert [(item.type, item.data, item.last_event_id) for item in events] == expected.events
        assert [item.text for item in items if isinstance(item, Comment)] == expected.comments
        assert [item.ms for item in items if isinstance(item, Retry)] == expected.retries
        assert [(item.name, item.value) for item in items if isinstance(item, IgnoredField)] == expected.ignored
        assert parser.last_event_id == expected.last_event_id
        assert all(item.end == size for item in new if isinstance(item, Event))


SPANS = (
    (
        b"\xef\xbb\xbf: hi\nretry: 7\n\nid: 1\ndata: a\n\n",
        [Bom(0, 3), Comment(" hi", 3, 7), Retry(7, 8, 16), Frame(0, 18, Fields.COMMENT | Fields.RETRY, Newlines.LF),
         Event("message", "a", "1", 18, 33), Frame(18, 33, Fields.ID | Fields.DATA, Newlines.LF)],
    ),
    (
        b"data: a\r\n\r\ndata:b\r\rdata\n\r\n",
        [Event("message", "a", "", 0, 10), Frame(0, 11, Fields.DATA, Newlines.CRLF),
         Event("message", "b", "", 11, 19), Frame(11, 19, Fields.DATA, Newlines.CR),
         Event("message", "", "", 19, 25), Frame(19, 26, Fields.DATA, Newlines.LF | Newlines.CRLF)],
    ),
    (
        b"event: e\r\ndata: a\r\n\r\n",
        [Event("e", "a", "", 0, 20), Frame(0, 21, Fields.EVENT | Fields.DATA, Newlines.CRLF)],
    ),
    (
        b"data: a\xff\nx:\xc3\n\ndata: b",
        [InvalidUtf8(b"\xff", 7, 8), InvalidUtf8(b"\xc3", 11, 12),
         IgnoredField("x", FFFD, IgnoredReason.UNKNOWN_NAME, 9, 12), Event("message", f"a{FFFD}", "", 0, 14),
         Frame(0, 14, Fields.DATA | Fields.IGNORED, Newlines.LF), Tail("b", Fields.DATA, 14, 21)],
    ),
    (b"\r\n\n\r", [Frame(0, 2, 0, Newlines.CRLF), Frame(2, 3, 0, Newlines.LF), Frame(3, 4, 0, Newlines.CR)]),
    (b":\nevent: e\nid: \0\nretry: 5\ndata",
     [Comment("", 0, 1), IgnoredField("id", "\0", NUL_IN_ID, 11, 16), Retry(5, 17, 25),
      Tail("", Fields.COMMENT | Fields.EVENT | Fields.IGNORED | Fields.RETRY | Fields.DATA, 0, 30)]),
)  # fmt: skip


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize(("body", "items"), SPANS)
def test_spans_fields_and_newlines(body: bytes, items: list[Item], cut: Cut) -> None:
    assert parse(cut(body))[0] == items


def test_an_event_does_not_wait_for_the_lf_of_its_crlf() -> None:
    parser = EventStreamParser()
    assert parser.receive(b"data: a\r\n") == []
    assert parser.receive(b"\r") == [Event("message", "a", "", 0, 10)]
    assert parser.receive(b"\n") == [Frame(0, 11, Fields.DATA, Newlines.CRLF)]


def test_retry_ms_and_last_event_id_are_attributes() -> None:
    parser = EventStreamParser(last_event_id="7")
    assert (parser.retry_ms, parser.last_event_id) == (None, "7")
    assert next(item for item in parser.receive(b"data\n\n") if isinstance(item, Event)).last_event_id == "7"
    parser.receive(b"retry: 5\nid: 8\n")
    assert (parser.retry_ms, parser.last_event_id) == (5, "7")
    parser.receive(b"\n")
    assert (parser.retry_ms, parser.last_event_id) == (5, "8")


def test_the_cut_last_line_changes_nothing_but_the_tail() -> None:
    _, parser = parse([b"id: 1\n\nretry: 5"])
    assert (parser.retry_ms, parser.last_event_id) == (None, "1")


@pytest.mark.parametrize("before", [b"", b"data: a", b"data: a\r", b"\xef\xbb"])
def test_no_bytes_are_not_the_end(before: bytes) -> None:
    parser = EventStreamParser()
    parser.receive(before)
    assert parser.receive(b"") == []
    assert parser.receive(b"") == []
    rest = b"\xbfdata: a\n\n" if before == b"\xef\xbb" else b"\n\ndata: a\n\n"
    assert any(isinstance(item, Event) for item in parser.receive(rest))


def test_after_the_end_both_refuse() -> None:
    parser = EventStreamParser()
    assert parser.receive_eof() == []
    with pytest.raises(ValueError, match="after receive_eof"):
        parser.receive(b"")
    with pytest.raises(ValueError, match="a second time"):
        parser.receive_eof()


def test_only_an_event_has_all_that_an_event_has() -> None:
    names = ("type", "data", "last_event_id", "span")
    others = (Bom, Comment, Frame, IgnoredField, InvalidUtf8, LimitExceeded, Retry, Tail)
    assert all(hasattr(Event, name) for name in names)
    assert not any(all(hasattr(other, name) for name in names) for other in others)
    assert Event("message", "a", "", 3, 9).span == (3, 9)


def test_the_cuts_lose_nothing() -> None:
    body = bytes(range(256)) + b"\r\n\r\n\n\r"
    for cut in (whole, by(1), by(7), at_random(3), inside_crlf):
        assert b"".join(cut(body)) == body
