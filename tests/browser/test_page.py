"""The page at `/` in a real browser: what it shows, and that the server stops when the page is left in any way."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sse import oracle
from tests.support.browser import Page, start
from tests.support.mock import Mock
from tests.support.processes import mock_in_mode

FAST = "itl_ms=1,ttft_ms=1"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
ITL_MS = 20
A_SECOND = 1000 // ITL_MS
"""In tokens, of which the model makes one each 20 ms."""

READ = """
const [bodies, size, done] = arguments;
const { arrivals } = await import("/page/sse.js");
const read = async (body) => {
    const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
    const pieces = new ReadableStream({
        start(stream) {
            for (let at = 0; at < bytes.length; at += size) stream.enqueue(bytes.subarray(at, at + size));
            stream.close();
        },
    });
    const events = [];
    for await (const arrival of arrivals(pieces)) events.push(...arrival.events);
    return events;
};
const read_all = [];
for (const body of bodies) read_all.push(await read(body));
done(read_all);
"""
BODIES = [
    b"data: a\n\ndata:b\n\n\n\ndata:  c\n\n", b"data: a\ndata\ndata: b\n\n", b"data\n\n", b"data: a: b\nData: c\n data: d\n\n",
    b": comment\ndata: a\n:\ndata: b\n\n", b"event: e\n\nid: 1\nevent: e\ndata: a\n\n", b"data: a", b"data: a\n", b"data: a\n\n\ndata: b\n",
    b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", "data: é🙂灯台\u2028\x85\x0b\n\n".encode(), b"data: \xff\xf0\x9f\n\n", b"data: a\0b\n\n",
]  # fmt: skip
STYLED = [body.replace(b"\n", newline) for body in BODIES for newline in (b"\n", b"\r\n", b"\r")]
MIXED = [b"data: a\r\n\ndata: b\r\r\ndata: c\n\r\n", b"data: a\n\rdata: b\r\n\r", b"\r\n\r\ndata: a\r\rdata: b\n\n"]


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """One browser for all."""
    driver = start()
    yield driver
    driver.quit()


@pytest.fixture
def page(driver: Any, mock: Mock) -> Page:
    """The page of a mock that behaves."""
    return Page(driver, mock.url)


@pytest.fixture
def tab(driver: Any, mock: Mock) -> Iterator[Page]:
    """The same in a tab of its own, which may be closed."""
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    yield Page(driver, mock.url)
    for handle in driver.window_handles:
        if handle != first:
            driver.switch_to.window(handle)
            driver.close()
    driver.switch_to.window(first)


def whole(mock: Mock, knobs: str) -> str:
    """The answer to these knobs, asked for in one piece."""
    answer = json.loads(mock.post(ASKED, X_Mock=f"{knobs},{FAST}")[2])
    return str(answer["choices"][0]["message"]["content"])


# --- what is shown


def test_a_whole_answer(page: Page, mock: Mock) -> None:
    page.send(prompt="Who lives there?", tokens=40, itl_ms=1, knobs="seed=7")
    assert page.ending() == "complete"
    assert page.text("state") == "Complete: finish_reason stop, then [DONE]."
    assert page.text("answer") == whole(mock, "tokens=40,seed=7")
    assert (page.text("tokens"), page.text("usage")) == ("40", "40")
    assert page.text("ttft").endswith("s")
    assert page.text("gaps").startswith("p50 ")
    page.until(lambda: page.text("truth-state") == "completed", "the truth was not told")
    record = mock.truth(page.text("truth-id"))
    assert (record["state"], record["generated_tokens"], record["sent_tokens"]) == ("completed", 40, 40)
    assert (page.text("truth-planned"), page.text("truth-generated"), page.text("truth-after")) == ("40", "40", "0")


def test_the_form_sends(page: Page, mock: Mock) -> None:
    page.driver.get(mock.url)
    assert page.text("state") == "Nothing sent yet."
    for name, value in {"tokens": "3", "ttft_ms": "1", "itl_ms": "1", "knobs": "text=é 灯台"}.items():
        page.driver.find_element("name", name).send_keys(value)
    page.click("send")
    assert page.ending() == "complete"
    assert page.text("answer") == "é 灯台 é"


@pytest.mark.parametrize(
    "fault",
    ["crlf", "cr", "bom", "split-utf8", "no-space", "multi-data", "comments", "data-less-block", "id-keepalive"],
)
def test_odd_framing_changes_nothing(page: Page, mock: Mock, fault: str) -> None:
    page.send(tokens=60, itl_ms=0, fault=fault)
    assert page.ending() == "complete"
    assert page.text("answer") == whole(mock, "tokens=60")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_its_parser_reads_as_the_specification_does(page: Page, mock: Mock, size: int) -> None:
    bodies = [*STYLED, *MIXED]
    page.driver.get(mock.url)
    encoded = [base64.b64encode(body).decode() for body in bodies]
    read = page.driver.execute_async_script(f"(async (...arguments) => {{ {READ} }})(...arguments)", encoded, size)
    for body, events in zip(bodies, read, strict=True):
        assert events == [data for _, data, _ in oracle.read(body).events], body


# --- what comes from a server is text


def test_a_hostile_answer_stays_text(page: Page) -> None:
    said = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> </div> &amp;"
    page.send(itl_ms=1, knobs=f"text={said}")
    assert page.ending() == "complete"
    assert page.text("answer") == said
    shown = "return [document.querySelectorAll('img').length, document.getElementById('answer').children.length]"
    assert page.driver.execute_script(shown) == [0, 0]
    assert page.driver.title == "Mock LLM server"


def test_a_hostile_error_stays_text(page: Page) -> None:
    said = "<img src=x onerror=\"document.title='taken'\">"
    page.send(fault=said)
    assert page.ending() == "refused"
    assert said in page.text("state")
    assert page.driver.execute_script("return document.querySelectorAll('img').length") == 0
    assert page.driver.title == "Mock LLM server"


# --- how it ended


@pytest.mark.parametrize(
    ("fault", "ending", "said", "tokens"),
    [
        ("error@3", "error", "Error in the stream: The server had an error while processing your request.", "3"),
        ("truncate@3", "truncated", "Truncated: the body ended without finish_reason and [DONE].", "3"),
        ("no-terminator", "truncated", "Truncated: finish_reason stop, but [DONE] never came.", "9"),
        ("fake-complete@3", "truncated", "Truncated: [DONE] came, but no finish_reason before it.", "3"),
        ("malformed@3", "complete", "Complete: finish_reason stop, then [DONE]. Events without JSON: 1.", "8"),
        ("rate-limit", "refused", "Refused with 429: Rate limit reached for requests. Retry after 1 s.", "0"),
    ],
)
def test_endings_are_told_apart(page: Page, fault: str, ending: str, said: str, tokens: str) -> None:
    page.send(tokens=9, itl_ms=1, fault=fault)
    assert page.ending() == ending
    assert (page.text("state"), page.text("tokens")) == (said, tokens)


def test_a_broken_connection(page: Page) -> None:
    # A browser drops what a page has not yet read, so that the number of tokens is anything up to 3.
    page.send(tokens=9, itl_ms=1, fault="cut@3")
    assert (page.ending(), page.text("state")) == ("truncated", "Truncated: the connection broke (network error).")


def test_a_server_that_is_gone(driver: Any) -> None:
    with mock_in_mode("good", "") as told:
        page = Page(driver, told["url"])
        driver.get(page.url)
    page.click("send")
    assert page.ending() == "refused"
    assert page.text("state").startswith("The server could not be reached")


# --- leaving


def stop(page: Page) -> None:
    page.click("stop")


def close_the_tab(page: Page) -> None:
    page.driver.close()


def go_to_a_blank_page(page: Page) -> None:
    page.driver.get("about:blank")


def go_to_another_page(page: Page) -> None:
    page.driver.get(f"{page.url}/healthz")


def follow_a_link(page: Page) -> None:
    page.click("truths")


LEAVE = (stop, close_the_tab, go_to_a_blank_page, go_to_another_page, follow_a_link)


@pytest.mark.parametrize("leave", LEAVE, ids=lambda leave: leave.__name__)
def test_the_server_stops_within_a_second(tab: Page, mock: Mock, leave: Callable[[Page], None]) -> None:
    tab.send(tokens=100_000, itl_ms=ITL_MS)
    name = tab.streaming()
    assert mock.truth(name)["state"] == "running"
    leave(tab)
    # The second is counted in the model's tokens, from when the browser says that it has done what it was told to: how
    # long that takes on a busy machine is not the server's.
    there = mock.truth(name)
    record = mock.truth_when(name, lambda record: record["state"] != "running")
    assert record["state"] == "stopped"
    assert record["generated_tokens"] - there["generated_tokens"] <= A_SECOND
    assert record["stopped_at_ms"] >= record["disconnected_at_ms"] > 0
    assert record["tokens_after_disconnect"] <= 2


def test_the_page_tells_that_the_server_has_stopped(page: Page) -> None:
    page.send(tokens=100_000, itl_ms=ITL_MS)
    page.streaming()
    page.click("stop")
    assert page.ending() == "stopped"
    assert page.text("state") == "Stopped by you."
    page.until(lambda: page.text("truth-state") == "stopped", "the truth was not told")
    assert page.text("verdict").startswith("The client disconnected after ")


# --- servers that do not stop, or do not answer


def test_a_leak_is_seen_on_the_page(driver: Any) -> None:
    with mock_in_mode("leak-queue", "") as told:
        page = Page(driver, told["url"]).send(tokens=100_000, itl_ms=ITL_MS)
        page.streaming()
        assert page.text("truth-after") == "0"
        page.click("stop")
        assert page.ending() == "stopped"
        page.until(lambda: int(page.text("truth-after")) > 0, "no tokens after the client left")
        seen = int(page.text("truth-after"))
        page.until(lambda: int(page.text("truth-after")) > seen, "they did not grow")
        assert page.text("truth-state") == "running"


def test_a_server_that_is_frozen_does_not_freeze_the_page(driver: Any) -> None:
    with mock_in_mode("leak-blocking-loop", "") as told:
        page = Page(driver, told["url"]).send(tokens=300, itl_ms=ITL_MS)  # 6 s without an answer
        page.until(lambda: page.text("truth-state") == "the server does not answer", "the page does not say so")
        page.until(lambda: page.text("truth-state") == "completed", "the truth was not told in the end")
        assert page.ending() == "complete"
        assert page.text("tokens") == "300"
