"""The live text: kinds, choices and calls apart, styles only where colour is wanted, nothing unsafe."""

from io import StringIO

import pytest

from sseprobe.dialects import by_name
from sseprobe.dialects.base import Delta, DeltaKind
from sseprobe.http_exchange import Chunk, Clock, Read
from sseprobe.redaction import Redactor
from sseprobe.reporters.live import TextView
from sseprobe.streams.view import Received
from tests.support.decoding import event


def shown(*deltas: Delta, colour: bool = False) -> str:
    out = StringIO()
    view = TextView(out, Redactor(), colour=colour)
    for index, delta in enumerate(deltas):
        chunk = Chunk(b"", Read(index, index, Clock.KERNEL, 0, 0))
        view.received(chunk, [Received(event(""), (delta,))], by_name("openai-chat"))
    view.close()
    return out.getvalue()


def call(text: str, number: int | str, name: str | None = None, choice: int = 0) -> Delta:
    return Delta(DeltaKind.TOOL_CALL, text, call=number, name=name, choice=choice)


TEXT, HM = Delta(DeltaKind.TEXT, "Hi"), Delta(DeltaKind.REASONING, "Hm")


@pytest.mark.parametrize(
    ("deltas", "lines"),
    [
        ([TEXT, Delta(DeltaKind.TEXT, " you")], "Hi you\n"),
        ([HM, TEXT, HM], "Hm\nHi\nHm\n"),
        ([TEXT, Delta(DeltaKind.TEXT, "b", choice=1), TEXT], "Hi\n[choice 1] b\n[choice 0] Hi\n"),
        ([call("", 0, "f"), call('{"a', 0), call('":1}', 0)], 'f({"a":1})\n'),
        ([call("", "x", "f"), call("{}", "x"), call("", "y", "g"), call("{}", "y")], "f({})\ng({})\n"),
        # Calls that grow in turns are named again, each time they go on.
        ([call("", 0, "f"), call("", 1, "g"), call("{", 0), call("{", 1)], "f()\ng()\nf({)\ng({)\n"),
        ([call("{}", 3)], "?({})\n"),
        ([call("1", 0, "f"), call("2", 0, "f")], "f(12)\n"),
        ([TEXT, Delta(DeltaKind.CITATION, "A https://a")], "Hi\n[A https://a]\n"),
        ([TEXT, Delta(DeltaKind.ERROR, "boom", type="t", code="c")], "Hi\nerror [t, c]: boom\n"),
        ([Delta(DeltaKind.ERROR, "boom", type="t", code="t")], "error [t]: boom\n"),
        ([Delta(DeltaKind.ERROR, "boom")], "error: boom\n"),
        (
            [Delta(DeltaKind.ERROR, "boom"), Delta(DeltaKind.ERROR, "boom"), Delta(DeltaKind.ERROR, "bang")],
            "error: boom\nerror: bang\n",
        ),
        ([Delta(DeltaKind.ERROR, "\x1b[2J", type="\x1b]0;x\x07")], "error [␛]0;x␇]: ␛[2J\n"),
        ([Delta(DeltaKind.REFUSAL, "I cannot")], "I cannot\n"),
        ([Delta(DeltaKind.USAGE, output_tokens=1), Delta(DeltaKind.OPEN), Delta(DeltaKind.HEARTBEAT)], ""),
    ],
)
def test_text(deltas: list[Delta], lines: str) -> None:
    assert shown(*deltas) == lines


def test_styles() -> None:
    said = shown(HM, TEXT, Delta(DeltaKind.ERROR, "boom", type="t"), colour=True)
    assert said == "\x1b[0m\x1b[2mHm\n\x1b[0mHi\n\x1b[0m\x1b[31merror [t]: boom\x1b[0m\n"
