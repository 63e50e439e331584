"""The four servers, each started when it is first asked for and once a run."""

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.support.cli import UNCOVERED
from tests.support.own_apps.fake_llm import TEXT
from tests.support.processes import started, started_program
from tests.support.requirements import missing
from tests.support.sdks import NODE, npm_version

NODE_PACKAGES = {"express": ("express",), "hono": ("hono", "@hono/node-server")}


@contextlib.contextmanager
def running(app: str) -> Iterator[dict[str, Any]]:
    """One of them; `url` says where."""
    if app in NODE_PACKAGES:
        for package in NODE_PACKAGES[app]:
            if npm_version(package) is None:
                missing(f"{package} is not installed: `npm install` in tests/sdk/node")
        with started_program("node", str(NODE / f"own-{app}.mjs"), TEXT, env=UNCOVERED) as told:
            yield told
    else:
        with started("-m", f"tests.support.own_apps.{app}_app", env=UNCOVERED) as told:
            yield told
