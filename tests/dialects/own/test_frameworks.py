"""Streams as frameworks' own servers send them, captured and shortened: what is read of them.

LangGraph's API 0.16, LangServe 0.3, a2a-sdk 1.3 (protocols 1.0 and 0.3, JSON-RPC and REST), google-adk 2.13, Gradio
6.31, fastmcp 4.1, Hono 4.
"""

import json
from typing import Any, NamedTuple

import pytest

from sseprobe.dialects.base import DeltaKind
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Ending, Read
from sseprobe.sse.framing import Framing
from sseprobe.streams.decoder import StreamDecoder

WORDS = ("Hello ", "there ", "you ", "all ")
SAID = "".join(WORDS)


def sse(value: Any, name: str = "", identifier: str = "") -> bytes:
    data = value if isinstance(value, str) else json.dumps(value)
    lines = [f"event: {name}"] * bool(name) + [f"data: {data}"] + [f"id: {identifier}"] * bool(identifier)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Case(NamedTuple):
    """The events of a stream; its text; how it ends, and why; at which event its text begins; its end mark."""

    events: list[bytes]
    text: str = SAID
    ending: Ending = Ending.COMPLETE
    error: str | None = None
    first: int | None = None
    mark: str | None = None


def failed(case: Case, *events: bytes, keep: int, error: str) -> Case:
    """The same stream, which fails behind its first word."""
    return Case([*case.events[:keep], *events], WORDS[0], Ending.ERROR, error, case.first)


def cut(case: Case, keep: int) -> Case:
    """The same stream, cut where HTTP shows nothing."""
    text = SAID if keep == len(WORDS) and case is GRADIO else "".join(WORDS[: keep - (case.first or 0)])
    return Case(case.events[:keep], text, Ending.TRUNCATED, first=case.first)


def message(word: str) -> list[Any]:
    chunk: dict[str, Any] = {
        "content": word,
        "additional_kwargs": {},
        "type": "AIMessageChunk",
        "name": None,
        "id": "lc_run--1",
    }
    return [chunk, {"langgraph_node": "agent", "thread_id": "t", "run_attempt": 1}]


RUN = {"run_id": "01a21759-6305-74f1-a5b8-8dcc5b2406e1", "attempt": 1}
LANGGRAPH = Case([sse(RUN, "metadata"), *(sse(message(word), "messages") for word in WORDS)], first=1)
LANGSERVE = Case([sse({"run_id": "1658ac9d"}, "metadata"), *(sse(f'"{word}"', "data") for word in WORDS)], first=1)


def rpc(**result: Any) -> dict[str, Any]:
    return {"result": result, "id": 1, "jsonrpc": "2.0"}


def status(state: str, said: str = "") -> dict[str, Any]:
    told = {"message": {"role": "ROLE_AGENT", "messageId": "m", "parts": [{"text": said}]}} if said else {}
    return {"taskId": "t", "contextId": "c", "status": {"state": state, **told, "timestamp": "2026-11-26T10:15:05Z"}}


def artifact(word: str) -> dict[str, Any]:
    return {"taskId": "t", "contextId": "c", "artifact": {"artifactId": "a", "parts": [{"text": word}]}}


TASK = {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_SUBMITTED"}}
A2A = Case(
    [
        sse(rpc(task=TASK)),
        sse(rpc(statusUpdate=status("TASK_STATE_WORKING"))),
        *(sse(rpc(artifactUpdate=artifact(word))) for word in WORDS),
        sse(rpc(statusUpdate=status("TASK_STATE_COMPLETED"))),
    ],
    first=2,
    mark='/result/statusUpdate/status/state = "TASK_STATE_COMPLETED"',
)
A2A_REST = Case(
    [
        sse({"task": TASK}),
        sse({"statusUpdate": status("TASK_STATE_WORKING")}),
        *(sse({"artifactUpdate": artifact(word)}) for word in WORDS),
        sse({"statusUpdate": status("TASK_STATE_COMPLETED")}),
    ],
    first=2,
    mark='/statusUpdate/status/state = "TASK_STATE_COMPLETED"',
)
A2A_03 = Case(
    [
        sse(
            rpc(
                kind="task",
                id="t",
                status={"state": "submitted"},
                history=[{"role": "user", "parts": [{"text": "hi"}]}],
            )
        ),
        sse(rpc(kind="status-update", final=False, **status("working"))),
        *(sse(rpc(kind="artifact-update", lastChunk=False, **artifact(word))) for word in WORDS),
        sse(rpc(kind="status-update", final=True, **status("completed"))),
    ],
    first=2,
    mark="/result/final = true",
)


def part(text: str, **more: Any) -> dict[str, Any]:
    content = {"parts": [{"text": text}], "role": "model"}
    return {"content": content, **more, "invocationId": "e-1", "author": "hi", "id": "4b0e8631", "timestamp": 1.5}


ADK = Case([*(sse(part(word, partial=True)) for word in WORDS), sse(part(SAID))], first=0)
ADK_ERROR = {"errorCode": "RuntimeError", "errorMessage": "model overloaded", "invocationId": "e-1", "author": "hi"}
GRADIO = Case(
    [*(sse(["".join(WORDS[: n + 1])], "generating") for n in range(4)), sse([SAID], "complete")],
    first=0,
    mark="complete",
)


def progress(done: int) -> dict[str, Any]:
    params = {"progressToken": 1, "progress": done, "total": 5}
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


def result(text: str, *, error: bool = False) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 2, "result": {"content": [{"text": text, "type": "text"}], "isError": error}}


MCP = Case(
    [*(sse(progress(n), "message") for n in range(5)), sse(result("Hello there"), "message")],
    "Hello there",
    first=5,
    mark="event with id, jsonrpc, result",
)


def queue(msg: str, **more: Any) -> dict[str, Any]:
    return {"msg": msg, "event_id": None if msg == "close_stream" else "530d5468", **more}


QUEUE = Case(
    [
        sse(queue("estimation", rank=0, queue_size=1)),
        sse(queue("process_starts", eta=0.3)),
        *(
            sse(queue("process_generating", output={"data": [word], "is_generating": True}, success=True))
            for word in WORDS
        ),
        sse(queue("process_completed", output={"data": [SAID], "is_generating": False}, success=True, title=None)),
        sse(queue("close_stream")),
    ],
    first=2,
    mark='/msg = "close_stream"',
)
HUMAN = {"content": "hi", "type": "human", "id": "1"}
ECHO = Case(
    [sse({"role": "user", "content": "hi"}), *(sse({"role": "assistant", "content": word}) for word in WORDS)], first=1
)
VALUES = Case(
    [
        sse(RUN, "metadata"),
        sse({"messages": [HUMAN]}, "values"),
        sse({"messages": [HUMAN, {"content": SAID, "type": "ai", "id": "2"}]}, "values"),
    ],
    first=2,
)
HONO = Case(
    [
        b"retry: 1000\n\n",
        *(sse({"token": word}, "token", str(n)) for n, word in enumerate(WORDS)),
        sse("[DONE]", "done"),
    ],
    first=0,
    mark="done",
)

CASES = {
    "langgraph": LANGGRAPH,
    "langgraph fails": failed(
        LANGGRAPH, sse({"error": "RuntimeError", "message": "boom"}, "error"), keep=2, error="boom"
    ),
    "langserve": LANGSERVE,
    "langserve fails": failed(
        LANGSERVE,
        sse({"status_code": 500, "message": "Internal Server Error"}, "error"),
        keep=2,
        error="Internal Server Error",
    ),
    "a2a": A2A,
    "a2a fails": failed(
        A2A, sse(rpc(statusUpdate=status("TASK_STATE_FAILED", "overloaded"))), keep=3, error="overloaded"
    ),
    "a2a is canceled": failed(
        A2A, sse(rpc(statusUpdate=status("TASK_STATE_CANCELED"))), keep=3, error="the task is canceled"
    ),
    "a2a is rejected": Case(
        [sse(rpc(statusUpdate=status("TASK_STATE_REJECTED")))], "", Ending.ERROR, "the task is rejected"
    ),
    "a2a raises": failed(
        A2A,
        sse({"error": {"code": -32603, "message": "boom"}, "id": 1, "jsonrpc": "2.0"}, "error"),
        keep=3,
        error="boom",
    ),
    "a2a over rest": A2A_REST,
    "a2a over rest fails": failed(
        A2A_REST, sse({"statusUpdate": status("TASK_STATE_FAILED", "overloaded")}), keep=3, error="overloaded"
    ),
    "a2a 0.3": A2A_03,
    "a2a 0.3 fails": failed(
        A2A_03, sse(rpc(kind="status-update", final=True, **status("failed", "overloaded"))), keep=3, error="overloaded"
    ),
    "a2a 0.3 raises": failed(
        A2A_03, sse({"error": {"code": -32603, "message": "boom"}, "id": 1, "jsonrpc": "2.0"}), keep=3, error="boom"
    ),
    "a2a is cut": cut(A2A, 4),
    "a2a over rest is cut": cut(A2A_REST, 4),
    "a2a 0.3 is cut": cut(A2A_03, 4),
    "a2a asks back": Case([*A2A.events[:-1], sse(rpc(statusUpdate=status("TASK_STATE_INPUT_REQUIRED")))], first=2),
    "a2a answers with a message": Case([sse(rpc(message={"role": "ROLE_AGENT", "parts": [{"text": SAID}]}))]),
    "gradio is cut": cut(GRADIO, 4),
    "adk": ADK,
    "adk fails": failed(ADK, sse(ADK_ERROR), sse({"error": "RuntimeError: boom"}), keep=1, error="RuntimeError: boom"),
    "gradio": GRADIO,
    "gradio fails": Case(
        [*GRADIO.events[:3], sse({"error": "overloaded", "visible": True, "title": "Error"}, "error")],
        "Hello there you ",
        Ending.ERROR,
        "overloaded",
        0,
    ),
    "gradio fails silently": Case(
        [*GRADIO.events[:3], sse({"error": None}, "error")],
        "Hello there you ",
        Ending.ERROR,
        "an error without a message",
        0,
    ),
    "mcp": MCP,
    "mcp: the tool fails": Case(
        [sse(result("boom", error=True), "message")], "", Ending.ERROR, "boom", mark="event with id, jsonrpc, result"
    ),
    "mcp: no such method": Case(
        [sse({"jsonrpc": "2.0", "id": 2, "error": {"code": -32601, "message": "Method not found"}}, "message")],
        "",
        Ending.ERROR,
        "Method not found",
    ),
    "gradio's queue": QUEUE,
    "gradio's queue fails": Case(
        [
            *QUEUE.events[:4],
            sse(queue("process_completed", output={"error": "overloaded"}, success=False)),
            QUEUE.events[-1],
        ],
        "Hello there ",
        Ending.ERROR,
        "overloaded",
        2,
        '/msg = "close_stream"',
    ),
    "gradio's queue fails silently": Case(
        [*QUEUE.events[:4], sse(queue("process_completed", output={"error": None}, success=False)), QUEUE.events[-1]],
        "Hello there ",
        Ending.ERROR,
        "an error without a message",
        2,
        '/msg = "close_stream"',
    ),
    "gradio's queue is cut": cut(QUEUE, 4),
    "the user's message comes back": ECHO,
    "langgraph values": VALUES,
    "hono": HONO,
    "hono fails": Case([*HONO.events[:2], sse("boom", "error")], WORDS[0], Ending.ERROR, "boom", 0),
}


@pytest.mark.parametrize("name", CASES)
def test_what_frameworks_send(name: str) -> None:
    """Event by event, 1 ms apart: metadata is no first token."""
    case = CASES[name]
    decoder = StreamDecoder(None, framing=Framing.SSE)
    for ms, event in enumerate(case.events):
        decoder.receive(Chunk(event, Read(ms, ms, Clock.KERNEL, 0, 0)))
    decoder.receive_eof()
    outcome = decoder.finish(BodyEnd.LAST_CHUNK, 100)
    assert (decoder.tally.answer.text_of(DeltaKind.TEXT), outcome.ending) == (case.text, case.ending), outcome
    assert (outcome.error.text if outcome.error else None) == case.error
    assert decoder.end_mark == case.mark
    if case.first is not None:
        assert decoder.tally.meter.ttft_ns == case.first + (name.startswith("hono") and 1)


@pytest.mark.parametrize("name", ["langgraph", "langserve", "a2a", "a2a over rest", "a2a 0.3", "mcp"])
def test_metadata_is_no_content_as_it_comes(name: str) -> None:
    """So that a client can leave before the first token."""
    case = CASES[name]
    decoder = StreamDecoder(None, framing=Framing.SSE)
    for place, event in enumerate(case.events[: case.first]):
        decoder.receive(Chunk(event, Read(place, place, Clock.KERNEL, 0, 0)))
        assert decoder.tally.content_deltas == 0
