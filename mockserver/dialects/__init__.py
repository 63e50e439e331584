"""The APIs the mock speaks. To add one: a file here with an `API`, and its line in `MODULES`."""

from importlib import import_module
from typing import Final, Protocol

from fastapi import FastAPI

from mockserver.api import Api, add_route
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore


class Routes(Protocol):
    """An API that is no `Api`: it adds its own routes."""

    name: str
    paths: tuple[str, ...]

    def add_routes(self, app: FastAPI, defaults: Scenario, truth: TruthStore) -> None:
        """Adds the API's routes."""


MODULES: Final = {
    "openai-chat": "mockserver.dialects.openai_chat",
    "openrouter": "mockserver.dialects.openrouter",
    "vllm": "mockserver.dialects.vllm",
    "llamacpp": "mockserver.dialects.llamacpp",
    "openai-completions": "mockserver.dialects.openai_completions",
    "openai-responses": "mockserver.dialects.openai_responses",
    "anthropic": "mockserver.dialects.anthropic",
    "gemini": "mockserver.dialects.gemini",
    "cohere": "mockserver.dialects.cohere",
    "mistral": "mockserver.dialects.mistral",
    "ollama": "mockserver.dialects.ollama",
    "vercel-ui": "mockserver.dialects.vercel_ui",
    "ag-ui": "mockserver.dialects.ag_ui",
    "plain": "mockserver.dialects.plain",
    "app": "mockserver.dialects.app",
}


def apis() -> list[Api | Routes]:
    return [import_module(module).API for module in MODULES.values()]


def add_routes(app: FastAPI, defaults: Scenario, truth: TruthStore) -> None:
    """Adds the routes of all APIs, one for each path."""
    every = apis()
    for api in every:
        if not isinstance(api, Api):
            api.add_routes(app, defaults, truth)
            continue
        for path in api.paths:
            others = [other for other in every if isinstance(other, Api) and path in other.also_at]
            add_route(app, path, [*others, api], defaults, truth)
