"""The process of one reader under Python: `python -m sseprobe.readers.child MODULE`, a body on standard input.

It writes one JSON object a line: `{"ready": true}` once the client is imported and has read its canary; for what it
delivers `{"item": …}`; `{"error": [class, message]}` for what it raises while it reads; `{"unfit": …}` if it is not
able to read; `{"end": true}`.
"""

import json
import os
import signal
import sys
import threading
import time
import warnings
from importlib import import_module
from typing import Any, Final

from sseprobe.readers.base import NetworkAttempt, Reader, Stream, decode_stream

_LOOK_EVERY_S: Final = 1.0


def _no_network(event: str, args: tuple[Any, ...]) -> None:
    del args
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise NetworkAttempt(event)


def _described(error: BaseException) -> list[str]:
    return [type(error).__name__, str(error)[:2000]]


def _leave_with(parent: int) -> None:
    """Ends this process, and what it started, when the one that started it is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)  # its own group: it is its first
    os._exit(1)


def main() -> None:
    """Reads the stream on standard input with the reader of this module."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    data = sys.stdin.buffer.read()
    # What a client prints is not for us: our lines have the pipe to themselves.
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)

    def say(**what: Any) -> None:
        out.write(json.dumps(what) + "\n")

    sys.addaudithook(_no_network)
    warnings.simplefilter("ignore")
    stream = decode_stream(data)
    try:
        reader: Reader = import_module(sys.argv[1]).READER
        assert reader.read is not None
        if not list(reader.read(_canary(reader))):
            raise RuntimeError("it delivered nothing of a test stream")
    except BaseException as error:  # also SystemExit
        say(unfit=": ".join(_described(error)))
    else:
        say(ready=True)
        out.flush()
        try:
            for item in reader.read(stream):
                say(item=item)
        except BaseException as error:
            if NetworkAttempt.tried:
                say(unfit=f"it tried to use the network ({NetworkAttempt.tried[0]})")
            else:
                say(error=_described(error))
        say(end=True)
    out.flush()
    os._exit(0)  # what a client left running is not waited for


def _canary(reader: Reader) -> Stream:
    """In two chunks, so that it must wait for the second."""
    half = len(reader.canary) // 2
    return Stream([reader.canary[:half], reader.canary[half:]], "text/event-stream")


if __name__ == "__main__":
    main()
