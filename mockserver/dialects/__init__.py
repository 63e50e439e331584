"""The APIs the mock speaks. To add one: one file here with `add_routes`, and its line in `MODULES`."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from fastapi import FastAPI

from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

AddRoutes = Callable[[FastAPI, Scenario, TruthStore], None]
MODULES: Final = {
    "openai-chat": "mockserver.dialects.openai_chat",
    "plain": "mockserver.dialects.plain",
}


def add_all(app: FastAPI, defaults: Scenario, truth: TruthStore) -> None:
    """Adds the routes of every dialect."""
    for module in MODULES.values():
        add_routes: AddRoutes = import_module(module).add_routes
        add_routes(app, defaults, truth)
