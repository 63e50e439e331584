"""The least a Python server can do: a bare ASGI app on the same uvicorn, which sleeps and sends. The mock's yardstick."""

import asyncio
import json
import socket
import time
from typing import Any, Final

import uvicorn

_EVENT: Final = (
    b'data: {"id":"chatcmpl-m1","object":"chat.completion.chunk","created":1,"model":"mock","system_fingerprint":"fp",'
    b'"choices":[{"index":0,"delta":{"content":" light"},"logprobs":null,"finish_reason":null}]}\n\n'
)


async def app(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """200 events, one each 20 ms, on absolute deadlines."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    start_s = time.monotonic() + 0.1
    for number in range(200):
        delay_s = start_s + number * 0.02 - time.monotonic()
        await asyncio.sleep(delay_s + 0.0005 if delay_s > 0 else 0)
        await send({"type": "http.response.body", "body": _EVENT, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serves on a free port, and prints it as the mock does."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
