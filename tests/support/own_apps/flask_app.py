"""The same chat in Flask, on its own server, as tutorials start it.

Started as a process: `python -m tests.support.own_apps.flask_app`; prints its URL.
"""

import json
import logging
from collections.abc import Iterator

from flask import Flask, Response, request, stream_with_context
from werkzeug.serving import make_server

from tests.support.own_apps.fake_llm import ProviderError, SwallowedError, llm_sync, one_line

app = Flask(__name__)


def quietly(generated: Iterator[str]) -> Iterator[str]:
    """What went wrong is in the log, and the answer ends."""
    try:
        yield from generated
    except SwallowedError:
        return


def do() -> str:
    """What the answer shall do. The request's body is read: else the server would wait for its end when all is over."""
    request.get_json(silent=True)
    return request.args.get("do", "whole")


@app.post("/chat")
def chat() -> Response:
    """`{"token"}`, then `[DONE]`; a failure is `{"error"}`."""

    def generate() -> Iterator[str]:
        try:
            for token in llm_sync(do()):
                yield f"data: {json.dumps({'token': token})}\n\n"
        except ProviderError as error:
            yield f"data: {json.dumps({'error': str(error)})}\n\n"
            return
        yield "data: [DONE]\n\n"

    return Response(stream_with_context(quietly(generate())), mimetype="text/event-stream")


@app.get("/stream")
def stream() -> Response:
    """Bare words without an end mark; a failure is another word."""

    def generate() -> Iterator[str]:
        try:
            for token in llm_sync(do()):
                yield f"data: {one_line(token)}\n\n"
        except ProviderError as error:
            yield f"data: Error: {error}\n\n"

    return Response(stream_with_context(quietly(generate())), content_type="text/event-stream")


@app.get("/named")
def named() -> Response:
    """`event: token`, `event: done`, `event: error`."""

    def generate() -> Iterator[str]:
        try:
            for token in llm_sync(do()):
                yield f"event: token\ndata: {json.dumps({'content': token})}\n\n"
        except ProviderError as error:
            yield f"event: error\ndata: {json.dumps({'message': str(error)})}\n\n"
            return
        yield "event: done\ndata: {}\n\n"

    return Response(stream_with_context(quietly(generate())), mimetype="text/event-stream")


@app.post("/text")
def text() -> Response:
    """Bare tokens are the body."""

    def generate() -> Iterator[str]:
        try:
            yield from llm_sync(do())
        except ProviderError as error:
            yield f"\n\nError: {error}"

    return Response(stream_with_context(quietly(generate())), mimetype="text/plain")


@app.post("/html")
def html() -> Response:
    """The same with the type that Flask sets by itself: HTML."""
    return Response(stream_with_context(quietly(llm_sync(do()))))


@app.post("/lines")
def lines() -> Response:
    """Lines of JSON, the last one done."""

    def generate() -> Iterator[str]:
        try:
            for token in llm_sync(do()):
                yield json.dumps({"response": token, "done": False}) + "\n"
        except ProviderError as error:
            yield json.dumps({"error": str(error), "done": True}) + "\n"
            return
        yield json.dumps({"response": "", "done": True}) + "\n"

    return Response(stream_with_context(quietly(generate())), mimetype="application/x-ndjson")


def main() -> None:
    """Serves on a free port, and says where."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(json.dumps({"url": f"http://127.0.0.1:{server.port}"}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
