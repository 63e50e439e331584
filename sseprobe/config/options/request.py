"""The request options: what is sent, and how an app's own events are read."""

from typing import Annotated, Final

from msgspec import Struct

from sseprobe.config.options.option import Option
from sseprobe.redaction import MASK, secrets_of_headers

AUTO: Final = "auto"
DEFAULT_PROMPT: Final = "Write a long story about a lighthouse keeper, in at least one thousand words."


class RequestOptions(Struct, frozen=True, kw_only=True):
    """The request. Without `data`, a body is built from `prompt` and `model` where the dialect is known."""

    method: Annotated[str | None, Option("HTTP method.", ("-X",))] = None
    headers: Annotated[
        list[str], Option("A request header; repeatable.", ("-H",), name="header", metavar="'NAME: VALUE'")
    ] = []
    data: Annotated[str | None, Option("The request body as JSON.", ("-d",), metavar="JSON|@FILE|-")] = None
    prompt: Annotated[
        str | None, Option("The prompt to build a body from. (default: one that asks for a long answer)")
    ] = None
    model: Annotated[str | None, Option("The model to ask for. (default: mock)")] = None
    dialect: Annotated[str, Option("auto, {dialects}, or one of the config file.", metavar="NAME")] = AUTO
    text_at: Annotated[
        str | None,
        Option("An app's own events: where the text is, such as /token. (default: learned)", metavar="POINTER"),
    ] = None
    error_at: Annotated[
        str | None, Option("Where errors are. (default: event: error, /error, and similar)", metavar="POINTER")
    ] = None
    done_when: Annotated[
        str | None,
        Option("What ends the stream: /done=true, or [DONE]. (default: learned)", metavar="POINTER=JSON|LITERAL"),
    ] = None
    framing: Annotated[
        str | None, Option("How the body is split into events. (default: by Content-Type)", metavar="sse|ndjson|text")
    ] = None
    config: Annotated[
        str | None,
        Option(
            "File with [dialects.NAME] tables. (default: sseprobe.toml here or above, or pyproject.toml)",
            metavar="FILE",
            in_file=False,
        ),
    ] = None
    api_key_env: Annotated[str | None, Option("Send the key in this environment variable.", metavar="VAR")] = None

    @property
    def describes_events(self) -> bool:
        """Whether options describe an app's own events."""
        return any(word is not None for word in (self.text_at, self.error_at, self.done_when, self.framing))

    @property
    def names_dialect(self) -> bool:
        """Whether a dialect was named or described: then the events do not change it."""
        return self.dialect != AUTO or self.describes_events

    @property
    def describes_request(self) -> bool:
        """Whether anything was given that does not apply to a recording."""
        given = (self.method, self.data, self.prompt, self.model, self.api_key_env)
        return bool(self.headers) or any(word is not None for word in given)

    def as_arguments(self) -> tuple[str, ...]:
        """These options as arguments of a command line, credentials masked."""
        given = [("-X", self.method), ("-d", self.data), ("--prompt", self.prompt), ("--model", self.model)]
        given.append(("--dialect", self.dialect if self.dialect != AUTO else None))
        given.append(("--api-key-env", self.api_key_env))
        given += [("--text-at", self.text_at), ("--error-at", self.error_at), ("--done-when", self.done_when)]
        given += [("--framing", self.framing), ("--config", self.config)]
        arguments = [word for name, value in given if value is not None for word in (name, value)]
        for text in self.headers:
            name, colon, value = text.partition(":")
            secret = bool(secrets_of_headers([(name.strip(), value.strip())]))
            arguments += ["-H", f"{name}: {MASK}" if secret and colon else text]
        return tuple(arguments)
