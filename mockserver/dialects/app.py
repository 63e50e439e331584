"""`POST /app/chat`: the stream of an app that people write themselves, a FastAPI generator with events of its own.

No vendor defines it: one token an event, `{"token": …}`; then usage, then `[DONE]`. An error is an event `error`, and
nothing comes after it. There is no answer in one piece.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import Api, Failure, count_words, objects, string
from mockserver.dialects.openai_chat import DONE
from mockserver.stream_faults import Writer, data, event
from mockserver.tools import RefusedError
from mockserver.truth import Record


class TokenWriter(Writer):
    """Events without names: tokens, and usage."""

    def piece(self, piece: Piece) -> bytes:
        return data({"reasoning" if piece.kind is TokenKind.REASONING else "token": piece.text})

    def closing(self) -> Iterable[bytes]:
        return [data({"usage": {"input": self.answer.request.prompt_tokens, "output": self.record.sent_tokens}})]

    def terminator(self) -> bytes:
        return DONE

    def error(self) -> bytes:
        """An event `error`; nothing comes after it."""
        return event("error", {"message": "the mock failed as configured", "code": "server_error"})


class App(Api):
    name = "app"
    paths = ("/app/chat",)
    calls_tools = False

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """A message, a prompt or messages, of which the first that is there counts; a model may be named."""
        del request
        return ParsedRequest(
            model="mock" if body.get("model") is None else string(body, "model"),
            stream=True,
            prompt_tokens=count_words(_prompt(body)),
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return TokenWriter(answer, record)

    def failure(self, failure: Failure) -> Any:
        """A message and no more."""
        return {"error": {"message": failure.message}}


def _prompt(body: dict[str, Any]) -> str | list[dict[str, Any]]:
    for name in ("message", "prompt"):
        if body.get(name) is not None:
            return string(body, name)
    if body.get("messages") is None:
        raise RefusedError("you must provide message or prompt, a string, or messages, a list of objects", "message")
    return objects(body, "messages")


API = App()
