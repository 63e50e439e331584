"""`python -m mockserver '{"port": 8000}'`: runs the mock, settings as JSON. The door for people: `sseprobe mock`."""

import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Any, Final, NoReturn

import msgspec

from mockserver.modes import GOOD, MODES, mode
from mockserver.scenario import Scenario, ScenarioError, parse
from mockserver.truth import TruthStore, serve_in_thread

_GRACE_S: Final = 1


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to serve. `with_parent`: exit when standard input ends, as it does when the parent process is gone; each
    line that comes there before stops all generation.

    `list`: print what the mock can do, and serve nothing.
    """

    host: str = "127.0.0.1"
    port: int = 0
    truth_port: int | None = None
    scenario: str = ""
    mode: str = "good"
    json: bool = False
    with_parent: bool = False
    list: bool = False


def _fail(sentence: str) -> NoReturn:
    print(f"sseprobe: {sentence}", file=sys.stderr)
    sys.exit(2)


def _print(text: str) -> None:
    """To standard output, which its reader may have closed (`| head -1`)."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _settings(words: list[str]) -> tuple[Settings, Scenario]:
    try:
        settings = msgspec.json.decode(words[0] if words else "{}", type=Settings)
        scenario = parse(settings.scenario, Scenario())
    except msgspec.DecodeError as error:
        _fail(f"invalid settings of the mock ({error}). See: sseprobe mock --help.")
    except ScenarioError as error:
        _fail(f"--scenario: {error}")
    if settings.mode not in MODES:
        _fail(f"--mode {settings.mode}: unknown mode. Known are: {', '.join(MODES)}.")
    return settings, scenario


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        _fail(f"cannot listen on {host} port {port} ({reason}). Use another --port; 0 takes a free one.")


def _obey_parent(truth: TruthStore) -> None:
    """Exits when standard input ends; a line there stops all generation."""

    def wait() -> None:
        while os.read(0, 4096):
            truth.call_off()
        os._exit(0)

    threading.Thread(target=wait, daemon=True, name="with-parent").start()


class _Quiet(logging.Filter):
    """Drops uvicorn's tracebacks of what is intended: a cut, or the end in mid-stream."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        asked_for = type(error).__name__ in ("ConnectionCutError", "CancelledError")
        return not asked_for and "running task(s)" not in record.msg


def main() -> None:
    """Serves until it is stopped. Exit codes: 2 for wrong settings, 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    received: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        # Once it serves, uvicorn holds SIGINT and SIGTERM, closes down, and raises them again here.
        del frame
        received.append(number)
        if number not in (signal.SIGINT, signal.SIGTERM):
            signal.raise_signal(signal.SIGTERM)
            return
        raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), on_signal)
    try:
        _serve()
    except KeyboardInterrupt:
        print("sseprobe: interrupted", file=sys.stderr)
        sys.exit(128 + received[0])


def _serve() -> None:
    settings, scenario = _settings(sys.argv[1:])
    if settings.list:
        from mockserver.listing import as_text, listing

        _print(json.dumps(listing()) if settings.json else as_text(listing()))
        return
    truth = TruthStore()
    if settings.with_parent:
        _obey_parent(truth)
    listener = _listen(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    port = listener.getsockname()[1]
    url = f"http://{host}:{port}"
    truth_url = f"{url}/_truth"
    truth_port = settings.truth_port
    if truth_port is None and settings.mode != GOOD:
        truth_port = 0  # some of the modes block the event loop
    if truth_port is not None:
        try:
            truth_url = f"http://{host}:{serve_in_thread(truth, settings.host, truth_port)}/_truth"
        except OSError as error:
            _fail(f"--truth-port {truth_port}: cannot listen on it ({error.strerror}). Use another.")
    import uvicorn

    from mockserver.wire import WireProtocol

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            line: dict[str, Any] = {"url": url, "port": port, "truth_url": truth_url, "pid": os.getpid()}
            line["mode"] = settings.mode
            text = f"mock LLM server on {url} (chat page; POST {url}/v1/chat/completions and others; "
            text += f"GET {url}/sse; truth at {truth_url}; more: sseprobe mock --list)"
            _print(json.dumps(line) if settings.json else text)

    config = uvicorn.Config(
        mode(settings.mode).create_app(scenario, truth),
        http=WireProtocol,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=settings.mode != GOOD,  # the good one is as quick as can be; the others are apps on uvicorn
        timeout_graceful_shutdown=_GRACE_S,
    )
    logging.getLogger("uvicorn.error").addFilter(_Quiet())
    gc.freeze()  # what is imported stays: the collector need not walk it in mid-stream
    Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
