"""A chat in FastAPI in each convention that tutorials teach, one route each: the wire form is what differs.

Started as a process: `python -m tests.support.own_apps.fastapi_app`; prints its URL. `?do=` tells what the answer does.
"""

import json
import socket
import uuid
from collections.abc import AsyncIterable, AsyncIterator

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from sse_starlette import EventSourceResponse as Starlettes

from tests.support.own_apps import fastapi_failures, fastapi_others, fastapi_shapes
from tests.support.own_apps.fake_llm import ERROR, PHRASE, ProviderError, llm, one_line, said, turn
from tests.support.own_apps.streaming import events, quietly, sse

app = FastAPI()
app.include_router(fastapi_failures.router)
app.include_router(fastapi_others.router)
app.include_router(fastapi_shapes.router)
app.mount("/gzip", fastapi_others.behind_gzip)


class ChatRequest(BaseModel):
    """What a chat is asked."""

    message: str = ""
    stream: bool = True


@app.post("/chat")
async def chat(request: ChatRequest, do: str = "whole") -> StreamingResponse:
    """`{"token"}`, then `[DONE]`; a failure is `event: error`."""
    if do == "refuse":
        raise HTTPException(503, ERROR)

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield f"data: {json.dumps({'token': token})}\n\n"
        except ProviderError as error:
            yield f"event: error\ndata: {json.dumps({'error': str(error)})}\n\n"
            return
        yield "data: [DONE]\n\n"

    return events(generate())


@app.post("/api/chat")
async def api_chat(do: str = "whole") -> StreamingResponse:
    """At a path of Ollama's: `{"token"}` without an end mark; a failure is an object in `error`."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield f"data: {json.dumps({'token': token})}\n\n"
        except ProviderError as error:
            yield f"data: {json.dumps({'error': {'message': str(error), 'code': 'overloaded'}})}\n\n"

    return events(generate())


@app.post("/api/generate")
async def api_generate(do: str = "whole") -> StreamingResponse:
    """At another: `{"text"}`, then `{"done": true}`."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield f"data: {json.dumps({'text': token}, ensure_ascii=False)}\n\n"
        yield 'data: {"done": true}\n\n'

    return events(generate())


@app.post("/lines/api/chat")
async def lines_at_api_chat(do: str = "whole") -> StreamingResponse:
    """At Ollama's path: lines of `{"token"}`."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield json.dumps({"token": token}) + "\n"
        except ProviderError as error:
            yield json.dumps({"error": str(error)}) + "\n"

    return StreamingResponse(quietly(generate()), media_type="application/x-ndjson")


@app.get("/stream")
async def stream(prompt: str = "", do: str = "whole") -> StreamingResponse:
    """For EventSource: `{"token"}` and nothing else; a failure is a string in `error`."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield sse({"token": token})
        except ProviderError as error:
            yield sse({"error": str(error)})

    return events(generate())


@app.post("/content-done")
async def content_done(do: str = "whole") -> StreamingResponse:
    """`{"content", "done": false}`, then `{"content": "", "done": true}`."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield sse({"content": token, "done": False})
            yield sse({"content": "", "done": True})
        except ProviderError as error:
            yield sse({"error": {"message": str(error), "type": "provider_error"}, "done": True})

    return events(generate())


@app.post("/typed")
async def typed(request: ChatRequest, do: str = "whole") -> StreamingResponse:
    """A `type` in each: start, token, sources, done, error."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"type": "start", "conversation_id": str(uuid.uuid4()), "model": "small-model"})
        try:
            async for token in llm(do):
                yield sse({"type": "token", "content": token})
        except ProviderError as error:
            yield sse({"type": "error", "message": str(error)})
            return
        yield sse(
            {"type": "sources", "content": [{"title": "A page", "url": "https://example.com/page", "score": 0.7}]}
        )
        yield sse({"type": "done"})

    return events(generate())


@app.post("/status")
async def status(do: str = "whole") -> StreamingResponse:
    """A status says what is going on, in the field that tokens use; so does an error."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"type": "status", "content": "Searching the documents…"})
        yield sse({"type": "status", "content": "Writing…"})
        try:
            async for token in llm(do):
                yield sse({"type": "token", "content": token})
        except ProviderError as error:
            yield sse({"type": "error", "content": f"Something went wrong: {error}"})
            return
        yield sse({"type": "done", "content": ""})

    return events(generate())


@app.post("/agent")
async def agent(do: str = "whole") -> StreamingResponse:
    """Tools are called before the answer; a step that is done is no end."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"type": "step", "name": "plan", "status": "running"})
        yield sse({"type": "step", "name": "plan", "status": "done"})
        yield sse({"type": "tool_call", "name": "search", "args": {"query": "streams"}})
        yield sse({"type": "tool_result", "name": "search", "content": "Three pages were found."})
        try:
            async for token in llm(do):
                yield sse({"type": "text", "content": token})
        except ProviderError as error:
            yield sse({"type": "error", "error": str(error)})
            return
        yield sse({"type": "end", "usage": {"input_tokens": 7, "output_tokens": 42}})

    return events(generate())


@app.post("/thinking")
async def thinking(do: str = "whole") -> StreamingResponse:
    """Thoughts come first, in the same field."""

    async def generate() -> AsyncIterator[str]:
        async for token in said("The user wants to hear of streams. I shall be brief."):
            yield sse({"type": "thinking", "content": token})
        async for token in llm(do):
            yield sse({"type": "content", "content": token})
        yield sse({"type": "done"})

    return events(generate())


@app.get("/named-json")
async def named_json(do: str = "whole") -> StreamingResponse:
    """`event: token`, `event: done`, `event: error`, with JSON."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield sse({"text": token}, event="token")
        except ProviderError as error:
            yield sse({"detail": str(error)}, event="error")
            return
        yield sse({"tokens": 42}, event="done")

    return events(generate())


@app.get("/named-text")
async def named_text(do: str = "whole") -> StreamingResponse:
    """The same with plain text, each line of it in a field of its own."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                lines = "".join(f"data: {line}\n" for line in token.split("\n"))
                yield f"event: token\n{lines}\n"
        except ProviderError as error:
            yield f"event: error\ndata: {error}\n\n"
            return
        yield "event: end\ndata: end\n\n"

    return events(generate())


@app.post("/dify")
async def dify(do: str = "whole") -> StreamingResponse:
    """As Dify does: the kind in `event`, a wealth of ids, `message_end`."""

    async def generate() -> AsyncIterator[str]:
        ids = {name: str(uuid.uuid4()) for name in ("conversation_id", "message_id", "task_id")}
        try:
            async for token in llm(do):
                yield sse({"event": "message", "answer": token, "created_at": 1764000000, **ids})
        except ProviderError as error:
            yield sse(
                {"event": "error", "status": 500, "code": "completion_request_error", "message": str(error), **ids}
            )
            return
        yield sse({"event": "message_end", "metadata": {"usage": {"completion_tokens": 42}}, **ids})

    return events(generate())


@app.post("/message-content")
async def message_content(do: str = "whole") -> StreamingResponse:
    """`{"message": {"content"}}`."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"message": {"role": "assistant", "content": token}})
        yield "data: [DONE]\n\n"

    return events(generate())


@app.post("/delta-text")
async def delta_text(do: str = "whole") -> StreamingResponse:
    """`{"delta": {"text"}}`, and `event: complete`."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"delta": {"text": token}})
        yield "event: complete\ndata: {}\n\n"

    return events(generate())


@app.post("/choices")
async def choices(do: str = "whole") -> StreamingResponse:
    """What an app passes on of OpenAI's chunks, with nothing around it."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"choices": [{"delta": {"content": token}}]})
        yield "data: [DONE]\n\n"

    return events(generate())


@app.get("/v")
async def short_name(do: str = "whole") -> StreamingResponse:
    """A name that nobody knows."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"v": token})

    return events(generate())


@app.get("/data")
async def data(do: str = "whole") -> StreamingResponse:
    """`{"data"}`, and the mark in it too."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"data": token})
        yield sse({"data": "[DONE]"})

    return events(generate())


@app.post("/response")
async def response(do: str = "whole") -> StreamingResponse:
    """`{"response"}` with CRLF at the lines' ends."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield f"data: {json.dumps({'response': token})}\r\n\r\n"
        yield "data: [DONE]\r\n\r\n"

    return events(generate())


@app.post("/finish-reason")
async def finish_reason(do: str = "whole", last: str = "stop") -> StreamingResponse:
    """`{"text", "finish_reason"}`: null, and a reason with the last; `mixed:KEY`: not always the same."""
    if last.startswith("mixed"):
        last = "length" if turn(last) % 3 == 0 else "stop"

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"text": token, "finish_reason": None})
        yield sse({"text": "", "finish_reason": last})

    return events(generate())


@app.get("/json-strings")
async def json_strings(do: str = "whole") -> StreamingResponse:
    """Payloads are JSON strings."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse(token)
        yield "data: [DONE]\n\n"

    return events(generate())


@app.post("/tgi")
async def tgi(do: str = "whole") -> StreamingResponse:
    """As TGI does: the last token's event has the whole text too."""

    async def generate() -> AsyncIterator[str]:
        text, number = "", 0
        waiting: str | None = None
        async for token in llm(do):
            if waiting is not None:
                yield _tgi_event(number, waiting, None)
            waiting, number = token, number + 1
            text += token
        if waiting is not None:
            yield _tgi_event(number, waiting, text)

    return events(generate())


def _tgi_event(number: int, token: str, text: str | None) -> str:
    details = None if text is None else {"finish_reason": "eos_token", "generated_tokens": number}
    return sse(
        {
            "index": number,
            "token": {"id": 100 + number, "text": token, "logprob": -0.1, "special": False},
            "generated_text": text,
            "details": details,
        }
    )


@app.post("/repeats-whole")
async def repeats_whole(do: str = "whole") -> StreamingResponse:
    """The last event has the whole answer once more, in the field of the tokens."""

    async def generate() -> AsyncIterator[str]:
        text = ""
        async for token in llm(do):
            text += token
            yield sse({"content": token, "done": False})
        yield sse({"content": text, "done": True})

    return events(generate())


@app.post("/repeats-elsewhere")
async def repeats_elsewhere(do: str = "whole") -> StreamingResponse:
    """The last event has the whole answer in a field of its own."""

    async def generate() -> AsyncIterator[str]:
        text = ""
        async for token in llm(do):
            text += token
            yield sse({"delta": token})
        yield sse({"final": text})

    return events(generate())


@app.post("/so-far")
async def so_far(do: str = "whole") -> StreamingResponse:
    """Each event has all of the answer so far."""

    async def generate() -> AsyncIterator[str]:
        text = ""
        async for token in llm(do):
            text += token
            yield sse({"text": text})

    return events(generate())


@app.post("/around")
async def around(do: str = "whole") -> StreamingResponse:
    """A session before the tokens, a title and the usage behind; the usage is the last event."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"session_id": str(uuid.uuid4())})
        async for token in llm(do):
            yield sse({"content": token})
        yield sse({"title": "Streams in pieces"})
        yield sse({"usage": {"prompt_tokens": 7, "completion_tokens": 42, "seconds": 0.21}})

    return events(generate())


@app.post("/around-done")
async def around_done(do: str = "whole") -> StreamingResponse:
    """The usage comes after the end mark, which says more than that it is over."""

    async def generate() -> AsyncIterator[str]:
        yield sse({"session_id": str(uuid.uuid4())}, event="session")
        async for token in llm(do):
            yield sse({"content": token}, event="message")
        yield sse({"message_id": str(uuid.uuid4()), "elapsed": 0.21}, event="done")
        yield sse({"prompt_tokens": 7, "completion_tokens": 42}, event="usage")

    return events(generate())


@app.post("/pings")
async def pings(do: str = "whole") -> StreamingResponse:
    """Events that only say that all is well, and comments."""

    async def generate() -> AsyncIterator[str]:
        number = 0
        async for token in llm(do):
            if number % 10 == 0:
                yield sse({"type": "ping"})
                yield ": keep-alive\n\n"
            number += 1
            yield sse({"type": "delta", "text": token})
        yield sse({"type": "complete"})

    return events(generate())


@app.post("/constants")
async def constants(do: str = "whole") -> StreamingResponse:
    """Strings beside the token: an id, a role, a model, a time; a role alone at first; `error` is there, and null."""

    async def generate() -> AsyncIterator[str]:
        around = {"id": f"msg_{uuid.uuid4()}", "role": "assistant", "model": "small-model"}
        yield sse({**around, "content": "", "error": None, "done": False})
        second = 0
        async for token in llm(do):
            second += 1
            yield sse(
                {
                    **around,
                    "content": token,
                    "timestamp": f"2026-11-25T10:00:{second:02}.{second}Z",
                    "error": None,
                    "done": False,
                }
            )
        yield sse({**around, "content": "", "error": None, "done": True, "timestamp": "2026-11-25T10:01:00Z"})

    return events(generate())


@app.post("/hard-names")
async def hard_names(do: str = "whole") -> StreamingResponse:
    """A text under a name that nobody knows, beside strings that change with each event."""

    async def generate() -> AsyncIterator[str]:
        number = 0
        async for token in llm(do):
            number += 1
            yield sse({"event_id": str(uuid.uuid4()), "seq": number, "piece": token, "lang": "en"})
        yield "data: [DONE]\n\n"

    return events(generate())


@app.get("/ids")
async def ids(do: str = "whole") -> StreamingResponse:
    """An id and a retry with each, as for EventSource; it closes itself on `event: close`."""

    async def generate() -> AsyncIterator[str]:
        number = 0
        async for token in llm(do):
            number += 1
            yield f"id: {number}\nretry: 3000\n{sse({'chunk': token}, event='message')}"
        yield "event: close\ndata: \n\n"

    return events(generate())


@app.get("/marks/{mark}")
async def marks(mark: str, do: str = "whole") -> StreamingResponse:
    """`{"token"}`, and one of many marks at the end."""
    ends = {
        "bracket-end": "data: [END]\n\n",
        "end": "data: END\n\n",
        "eos": "data: <EOS>\n\n",
        "status": sse({"status": "complete"}),
        "finished": sse({"finished": True}),
        "final": sse({"token": "", "is_final": True}),
        "type": sse({"type": "complete", "message_id": str(uuid.uuid4())}),
        "event-close": "event: close\ndata: bye\n\n",
        "event-field": sse({"event": "end"}),
        "own-word": sse({"kind": "summary", "count": 42, "seconds": 0.2}),
    }

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"token": token})
        yield ends[mark]

    return events(generate())


@app.get("/plain-done")
async def plain_done(do: str = "whole") -> StreamingResponse:
    """Bare words, then `[DONE]`."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield f"data: {one_line(token)}\n\n"
        except ProviderError as error:
            yield f"data: [ERROR] {error}\n\n"
            return
        yield "data: [DONE]\n\n"

    return events(generate())


@app.get("/plain")
async def plain(do: str = "whole") -> StreamingResponse:
    """Bare words, and nothing else."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield f"data: {one_line(token)}\n\n"
        except ProviderError as error:
            yield f"data: Error: {error}\n\n"

    return events(generate())


@app.get("/plain-newlines")
async def plain_newlines(do: str = "whole") -> StreamingResponse:
    """The classic: a token that is a line break is no more than another blank line."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield f"data: {token}\n\n"
        yield "data: [DONE]\n\n"

    return events(generate())


@app.get("/plain-phrases")
async def plain_phrases(do: str = "whole") -> StreamingResponse:
    """The same with several words at a time: what stands behind a line break is lost."""

    async def generate() -> AsyncIterator[str]:
        phrase: list[str] = []
        async for token in llm(do):
            phrase.append(token)
            if len(phrase) == PHRASE:
                yield f"data: {''.join(phrase)}\n\n"
                phrase = []
        yield f"data: {''.join(phrase)}\n\n"
        yield "data: [DONE]\n\n"

    return events(generate())


@app.get("/no-space")
async def no_space(do: str = "whole") -> StreamingResponse:
    """No space after the colon: each token loses its own."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield f"data:{one_line(token)}\n\n"
        yield "data:[DONE]\n\n"

    return events(generate())


@app.get("/sse-starlette")
async def sse_starlette(do: str = "whole") -> Starlettes:
    """sse-starlette with JSON."""

    async def generate() -> AsyncIterator[dict[str, str]]:
        try:
            async for token in llm(do):
                yield {"event": "message", "data": json.dumps({"token": token})}
        except ProviderError as error:
            yield {"event": "error", "data": json.dumps({"message": str(error)})}
            return
        yield {"event": "end", "data": ""}

    return Starlettes(quietly(generate()))


@app.get("/sse-starlette-text")
async def sse_starlette_text(do: str = "whole") -> Starlettes:
    """sse-starlette with bare tokens: it keeps their line breaks."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield token
        yield "[DONE]"

    return Starlettes(quietly(generate()))


class Token(BaseModel):
    """A token, as a model of Pydantic."""

    token: str | None = None
    error: str | None = None


@app.post("/fastapi-sse", response_class=EventSourceResponse)
async def fastapi_sse(do: str = "whole") -> AsyncIterable[Token]:
    """FastAPI's own, with models: no end mark."""
    try:
        async for token in quietly(llm(do)):
            yield Token(token=token)
    except ProviderError as error:
        yield Token(error=str(error))


@app.post("/fastapi-sse-events", response_class=EventSourceResponse)
async def fastapi_sse_events(do: str = "whole") -> AsyncIterable[ServerSentEvent]:
    """FastAPI's own, with named events, and strings as JSON."""
    number = 0
    async for token in llm(do):
        yield ServerSentEvent(data=token, event="token", id=str(number))
        number += 1
    yield ServerSentEvent(data={"tokens": number}, event="done")


@app.post("/text-plain")
async def text_plain(do: str = "whole") -> StreamingResponse:
    """Bare tokens are the body."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield token
        except ProviderError as error:
            yield f"\n[ERROR] {error}"

    return StreamingResponse(quietly(generate()), media_type="text/plain")


@app.post("/bare")
async def bare(do: str = "whole") -> StreamingResponse:
    """The same without a word on what it is."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield token
        except ProviderError as error:
            yield f"Error: {error}"

    return StreamingResponse(quietly(generate()))


@app.post("/html")
async def html(do: str = "whole") -> StreamingResponse:
    """Bare tokens, said to be HTML."""
    return StreamingResponse(quietly(llm(do)), media_type="text/html")


@app.post("/ndjson")
async def ndjson(do: str = "whole") -> StreamingResponse:
    """Lines of `{"token"}`."""

    async def generate() -> AsyncIterator[str]:
        try:
            async for token in llm(do):
                yield json.dumps({"token": token}) + "\n"
        except ProviderError as error:
            yield json.dumps({"error": {"message": str(error)}}) + "\n"

    return StreamingResponse(quietly(generate()), media_type="application/x-ndjson")


async def _lines_with_done(do: str) -> AsyncIterator[str]:
    try:
        async for token in llm(do):
            yield json.dumps({"token": token}, ensure_ascii=False) + "\n"
    except ProviderError as error:
        yield json.dumps({"type": "error", "message": str(error)}) + "\n"
        return
    yield json.dumps({"done": True}) + "\n"


@app.post("/ndjson-done")
async def ndjson_done(do: str = "whole") -> StreamingResponse:
    """Lines of `{"token"}`, then `{"done": true}`."""
    return StreamingResponse(quietly(_lines_with_done(do)), media_type="application/x-ndjson")


@app.post("/ndjson-as-text")
async def ndjson_as_text(do: str = "whole") -> StreamingResponse:
    """The same, said to be plain text."""
    return StreamingResponse(quietly(_lines_with_done(do)), media_type="text/plain")


@app.post("/ndjson-as-json")
async def ndjson_as_json(do: str = "whole") -> StreamingResponse:
    """The same, said to be one JSON document."""
    return StreamingResponse(quietly(_lines_with_done(do)), media_type="application/json")


@app.post("/ndjson-bare")
async def ndjson_bare(do: str = "whole") -> StreamingResponse:
    """The same without a word on what it is."""
    return StreamingResponse(quietly(_lines_with_done(do)))


@app.post("/sse-as-text")
async def sse_as_text(do: str = "whole") -> StreamingResponse:
    """Events, said to be plain text."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"token": token})
        yield "data: [DONE]\n\n"

    return StreamingResponse(quietly(generate()), media_type="text/plain")


@app.post("/sse-bare")
async def sse_bare(do: str = "whole") -> StreamingResponse:
    """Events, without a word on what they are."""

    async def generate() -> AsyncIterator[str]:
        async for token in llm(do):
            yield sse({"token": token})
        yield "data: [DONE]\n\n"

    return StreamingResponse(quietly(generate()))


@app.post("/not-a-stream")
async def not_a_stream() -> JSONResponse:
    """An answer with status 200 that says what went wrong."""
    return JSONResponse({"error": ERROR})


def main() -> None:
    """Serves on a free port, and says where."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
