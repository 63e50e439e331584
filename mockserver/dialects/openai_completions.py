"""OpenAI's legacy Completions: `POST /v1/completions`, text only.

Source: openai-openapi, `CreateCompletionRequest`, `CreateCompletionResponse`.
"""

import time
from collections.abc import Iterable
from typing import Any

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece
from mockserver.api import Failure, Generated, WholeApi, as_dict, count_words, string, whole_number
from mockserver.dialects.openai_chat import DONE, IN_BAND, error_body, usage
from mockserver.stream_faults import Writer, as_json, data
from mockserver.tools import RefusedError
from mockserver.truth import Record


def _choice(index: int, text: str, finish: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}


def _common(answer: AnswerPlan, record: Record) -> dict[str, Any]:
    return {
        "id": f"cmpl-{record.id}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": answer.request.model,
        "system_fingerprint": "fp_mock",
    }


class CompletionWriter(Writer):
    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        super().__init__(answer, record)
        self._common = as_json(_common(answer, record))[:-1]
        self._no_usage = b',"usage":null' if answer.request.include_usage else b""

    def _chunk(self, choice: dict[str, Any]) -> bytes:
        return b'data: %s,"choices":[%s]%s}\n\n' % (self._common, as_json(choice), self._no_usage)

    def piece(self, piece: Piece) -> bytes:
        return self._chunk(_choice(piece.choice, piece.text, None))

    def closing(self) -> Iterable[bytes]:
        """The finish of each choice, and usage if it was asked for."""
        for index in range(self.answer.request.choices):
            yield self._chunk(_choice(index, "", self.answer.finish))
        if self.answer.request.include_usage:
            counted = as_json(usage(self.answer, self.record.sent_tokens))
            yield b'data: %s,"choices":[],"usage":%s}\n\n' % (self._common, counted)

    def terminator(self) -> bytes:
        return DONE

    def error(self) -> bytes:
        """One error event; nothing comes after it."""
        return data(error_body(IN_BAND))


class OpenAICompletions(WholeApi):
    name = "openai-completions"
    paths = ("/v1/completions",)
    reasons = False
    calls_tools = False

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Model and prompt are required."""
        del request
        model = string(body, "model")
        prompt = body.get("prompt")
        if not isinstance(prompt, str | list):
            raise RefusedError("you must provide prompt, a string or a list", "prompt")
        return ParsedRequest(
            model=model,
            stream=body.get("stream") is True,
            prompt_tokens=count_words(prompt),
            choices=whole_number(body, "n", 128) or 1,
            limit=whole_number(body, "max_tokens"),
            include_usage=as_dict(body.get("stream_options")).get("include_usage") is True,
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return CompletionWriter(answer, record)

    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        choices = [_choice(index, text, answer.finish) for index, text in enumerate(generated.texts)]
        return {**_common(answer, record), "choices": choices, "usage": usage(answer, generated.tokens)}

    def failure(self, failure: Failure) -> Any:
        return error_body(failure)


API = OpenAICompletions()
