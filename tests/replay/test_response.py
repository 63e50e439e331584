"""What is taken from a recording for its replay."""

import pytest

from sseprobe.errors import UsageError
from sseprobe.replay.response import Replay
from tests.support.replays import cassette


@pytest.mark.parametrize(
    "header", [("X", "a\r\nSet-Cookie: b"), ("X\r\nY", "a"), ("", "a"), ("X Y", "a"), ("X", "\0"), ("X", "☃")]
)
def test_a_head_that_would_be_another_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match=r"c.jsonl, line 2: .* is not a valid HTTP header"):
        Replay(cassette(headers=[header]), "c.jsonl")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://h:1/v1/chat/completions?a=b&key=***", "/v1/chat/completions?a=b&key=***"),
        ("http://h", "/"),
        ("http://h?x=1", "/?x=1"),
        ("http://h/a b\x1b/é?\u2028#f", "/a%20b%1B/%C3%A9?%E2%80%A8"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_the_path_tells_the_dialect(url: str, target: str) -> None:
    assert Replay(cassette(url=url), "c.jsonl").target == target
