"""From the request options to a request."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from sseprobe import dialects
from sseprobe.config.options.request import DEFAULT_PROMPT, RequestOptions
from sseprobe.dialects.base import Dialect
from sseprobe.errors import UsageError
from sseprobe.http_exchange import Request
from sseprobe.probes.described_dialect import described_dialect
from sseprobe.redaction import MASK, Redactor, redact_url, secrets_of_headers, secrets_of_url
from sseprobe.streams.cassette import Opening


def known_dialect(options: RequestOptions, url: str) -> Dialect | None:
    """The named dialect, else that of the URL's path; None: the first event will show it. Raises UsageError."""
    described = described_dialect(options)
    if described is not None:
        return described
    return dialects.by_name(options.dialect) if options.names_dialect else dialects.by_url(url)


def dialect_of_recording(options: RequestOptions, opening: Opening) -> Dialect | None:
    """The named dialect, else the recorded one, else that of the URL's path. Raises UsageError."""
    by_path = dialects.by_url(opening.url)
    own = opening.dialect == dialects.PLAIN or opening.dialect not in dialects.NAMES
    own = own or (by_path is not None and by_path.name == opening.dialect)
    recorded = not options.names_dialect and not own
    return dialects.by_name(opening.dialect) if recorded else known_dialect(options, opening.url)


def build_request(url: str, options: RequestOptions) -> tuple[Request, Dialect | None, Redactor]:
    """The request, its dialect if that is known, and the redactor of its secrets. Raises UsageError."""
    checked_url(url)
    dialect = known_dialect(options, url)
    headers = [_header(text) for text in options.headers]
    given = {name.lower() for name, _ in headers}
    defaults = [("Accept", "text/event-stream"), ("Accept-Encoding", "identity"), ("User-Agent", "sseprobe")]
    method, body = "GET", None
    if dialect is not None and dialect.request is not None:
        built = dialect.request(url, options.prompt or DEFAULT_PROMPT, options.model)
        method, url, body = built.method, built.url, built.body
        named = {name for name, _ in built.headers}
        defaults = [*built.headers, *(header for header in defaults if header[0] not in named)]
    if options.data is not None:
        if options.prompt is not None or options.model is not None:
            raise UsageError("--data is the whole body: it cannot be combined with --prompt or --model.")
        if body is None:
            defaults.append(("Content-Type", "application/json"))
        method, body = "POST", _body(options.data)
    elif body is None and (options.prompt is not None or options.model is not None):
        raise UsageError(
            f"{redact_url(url)}: its path does not show a dialect, so --prompt and --model cannot make a body. "
            'Give the body of your app, such as -d \'{"message": "hi"}\', or name a dialect with --dialect '
            f"({', '.join(dialects.NAMES)})."
        )
    key = _api_key(options.api_key_env)
    if key is not None:
        defaults.append((dialect or dialects.by_name(dialects.PLAIN)).key_header(key))
    headers += [(name, value) for name, value in defaults if name.lower() not in given]
    request = Request((options.method or method).upper(), url, headers, body)
    if not request.method.isascii() or not request.method.isalpha():
        raise UsageError(f"--method {options.method}: not an HTTP method. Expected a word such as GET or POST.")
    secrets = [*secrets_of_url(url), *secrets_of_headers(headers), *([key] if key else [])]
    return request, dialect, Redactor(secrets)


def checked_url(url: str) -> str:
    """The URL, if it is a valid HTTP URL. Raises UsageError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{redact_url(url)}: not a URL ({error}). Expected http://HOST[:PORT]/PATH.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        guess = f" Did you mean http://{redact_url(url)} ?" if "://" not in url else ""
        raise UsageError(f"{redact_url(url)}: not an HTTP URL. Expected http://HOST[:PORT]/PATH.{guess}")
    if port == 0:
        raise UsageError(f"{redact_url(url)}: port 0 is not a port to connect to. Give the port of the server.")
    return url


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    token = name and name.isascii() and not set(name) & set(' \t"(),/:;<=>?@[\\]{}') and name.isprintable()
    if not colon or not token or any(character in value for character in "\r\n\0"):
        shown = f"{name}: {MASK}" if colon else MASK
        raise UsageError(f"--header '{shown}': not a header. Expected 'Name: value' on one line.")
    return name, value


def _body(data: str) -> bytes:
    source = "--data"
    if data == "-":
        raw, source = sys.stdin.buffer.read(), "standard input (--data -)"
    elif data.startswith("@"):
        source = data[1:]
        try:
            raw = Path(source).read_bytes()
        except OSError as error:
            raise UsageError(f"--data {data}: cannot be read ({error.strerror}).") from error
    else:
        raw = data.encode(errors="surrogateescape")
    try:
        msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise UsageError(
            f'{source}: not JSON ({error}). Keys and strings need double quotes: -d \'{{"message": "hi"}}\'.'
        ) from error
    return raw


def _api_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UsageError(f"--api-key-env {variable}: this environment variable is not set. Export it, then try again.")
    if not key.isascii() or not key.isprintable():
        raise UsageError(f"--api-key-env {variable}: its value has characters that are not allowed in a header.")
    return key
