"""The request and output options that every probe shares: their words and their help."""

from typing import Annotated, Final

import typer

from sseprobe import dialects

REQUEST: Final = "Request"
CONNECTION: Final = "Connection"
OUTPUT: Final = "Output"

Url = Annotated[
    str | None,
    typer.Argument(metavar="URL", help="The endpoint. Without it, the bundled mock is started and tested."),
]
Method = Annotated[
    str | None, typer.Option("-X", "--method", help="HTTP method.", rich_help_panel=REQUEST, show_default=False)
]
Headers = Annotated[
    list[str] | None,
    typer.Option("-H", "--header", metavar="'NAME: VALUE'", help="A header; repeatable.", rich_help_panel=REQUEST),
]
Data = Annotated[
    str | None,
    typer.Option("-d", "--data", metavar="JSON|@FILE|-", help="The request body as JSON.", rich_help_panel=REQUEST),
]
Prompt = Annotated[
    str | None,
    typer.Option(
        help="The prompt to build a body from. (default: one that asks for a long answer)", rich_help_panel=REQUEST
    ),
]
Model = Annotated[str | None, typer.Option(help="The model to name. (default: mock)", rich_help_panel=REQUEST)]
DialectName = Annotated[
    str,
    typer.Option(
        "--dialect",
        metavar="NAME",
        help=f"auto, {', '.join(dialects.NAMES)}, or one of the config file.",
        rich_help_panel=REQUEST,
    ),
]
TextAt = Annotated[
    str | None,
    typer.Option(
        metavar="POINTER",
        help="An app's own events: where the text is, such as /token. (default: learned)",
        rich_help_panel=REQUEST,
    ),
]
ErrorAt = Annotated[
    str | None,
    typer.Option(
        metavar="POINTER",
        help="Where errors are. (default: event: error, /error, and the like)",
        rich_help_panel=REQUEST,
    ),
]
DoneWhen = Annotated[
    str | None,
    typer.Option(
        metavar="POINTER=JSON|LITERAL",
        help="What ends the stream: /done=true, or \\[DONE]. (default: learned)",
        rich_help_panel=REQUEST,
    ),
]
FramingName = Annotated[
    str | None,
    typer.Option(
        "--framing",
        metavar="sse|ndjson|text",
        help="How the body is cut. (default: as Content-Type says)",
        rich_help_panel=REQUEST,
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="File with \\[dialects.NAME] tables. (default: sseprobe.toml here or above, or pyproject.toml)",
        rich_help_panel=REQUEST,
    ),
]
ApiKeyEnv = Annotated[
    str | None,
    typer.Option(
        "--api-key-env", metavar="VAR", help="Send the key in this environment variable.", rich_help_panel=REQUEST
    ),
]
Timeout = Annotated[
    float, typer.Option(metavar="S", min=0.001, help="Limit for the whole stream.", rich_help_panel=CONNECTION)
]
IdleTimeout = Annotated[
    float, typer.Option(metavar="S", min=0.001, help="Limit for silence.", rich_help_panel=CONNECTION)
]
ContentTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        min=0.001,
        help="Limit for silence of content, whatever heartbeats come. (default: none)",
        rich_help_panel=CONNECTION,
    ),
]
ConnectTimeout = Annotated[
    float, typer.Option(metavar="S", min=0.001, help="Limit for connecting.", rich_help_panel=CONNECTION)
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Do not verify the certificate.", rich_help_panel=CONNECTION)
]
CaCert = Annotated[
    str | None,
    typer.Option(
        "--cacert", metavar="FILE", help="Trust the certificates in this PEM file.", rich_help_panel=CONNECTION
    ),
]
Http2 = Annotated[
    bool,
    typer.Option(
        "--http2",
        help="Offer HTTP/2 (needs sseprobe\\[http2]); speak it at once to http://.",
        rich_help_panel=CONNECTION,
    ),
]
Proxy = Annotated[
    str | None,
    typer.Option(metavar="URL", help="An HTTP proxy. (default: HTTPS_PROXY and its kin)", rich_help_panel=CONNECTION),
]
UnixSocket = Annotated[
    str | None, typer.Option(metavar="PATH", help="Connect to this unix socket.", rich_help_panel=CONNECTION)
]
MaxBytes = Annotated[
    int, typer.Option(min=1, metavar="N", help="Bound on what is kept of one body.", rich_help_panel=OUTPUT)
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT[:PATH]",
        help="Write a report: terminal, json, junit, sarif, html, markdown or github, to PATH or standard output; "
        "repeatable.",
        rich_help_panel=OUTPUT,
    ),
]
Record = Annotated[
    str | None, typer.Option(metavar="PATH", help="Record the stream as a cassette.", rich_help_panel=OUTPUT)
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        metavar="IDS", help="Only these rules: ids or beginnings of ids, by commas; repeatable.", rich_help_panel=OUTPUT
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="IDS", help="Not these rules; as --select.", rich_help_panel=OUTPUT),
]
BaselineFile = Annotated[
    str | None,
    typer.Option(
        "--baseline", metavar="FILE", help="Findings that are expected; one gone fails too.", rich_help_panel=OUTPUT
    ),
]
FailOn = Annotated[
    str, typer.Option(metavar="SEVERITY", help="error, warning or info: what counts.", rich_help_panel=OUTPUT)
]
WriteBaseline = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write what was found as a baseline, and pass.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No summary.", rich_help_panel=OUTPUT)]
Verbose = Annotated[
    bool,
    typer.Option(
        "-v",
        "--verbose",
        help="Show the request, the head of the answer, and details in the summary.",
        rich_help_panel=OUTPUT,
    ),
]
NoColor = Annotated[
    bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.", rich_help_panel=OUTPUT)
]
