"""Credentials: what counts as one, and how it is kept out of every output."""

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote, unquote_plus

MASK: Final = "***"
_SECRET_NAME: Final = re.compile("key|token|secret|auth|password|cookie|sig", re.IGNORECASE)
_MIN_LENGTH: Final = 4  # shorter values stand in ordinary text by chance
_TELLING_LENGTH: Final = 8
"""From how many characters on the beginning of a credential is masked too: fewer may be a word, as in `test…`."""
_URL: Final = re.compile(
    r"^(?P<scheme>[^/?#]*//)(?P<userinfo>[^/?#]*@)?(?P<rest>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?$", re.S
)


def is_secret_name(name: str) -> bool:
    """Whether a header or query parameter of this name holds a credential."""
    return _SECRET_NAME.search(name) is not None


def redact_url(url: str) -> str:
    """The URL with its userinfo and the values of secret parameters as `***`; any text is accepted."""
    match = _URL.match(url)
    if match is None:
        path, mark, query = url.partition("?")
        return path + mark + _redact_parameters(query)
    query, fragment = match["query"] or "", match["fragment"] or ""
    return "".join(
        (
            match["scheme"],
            f"{MASK}@" if match["userinfo"] else "",
            match["rest"],
            query[:1] + _redact_parameters(query[1:]),
            fragment[:1] + _redact_parameters(fragment[1:]),
        )
    )


def _redact_parameters(query: str) -> str:
    return "&".join(_redact_parameter(part) for part in query.split("&"))


def _redact_parameter(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={MASK}" if equals and is_secret_name(unquote_plus(name)) else part


def redact_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers with secret values as `***`, and URLs in `Location`-like headers redacted."""
    return [
        (name, MASK if is_secret_name(name) else redact_url(value) if "//" in value else value)
        for name, value in headers
    ]


def secrets_of_url(url: str) -> list[str]:
    """The credentials in a URL, as written and as decoded."""
    match = _URL.match(url)
    if match is None:
        return []
    found = []
    if match["userinfo"]:
        userinfo = match["userinfo"][:-1]
        found += [userinfo, userinfo.partition(":")[2]]
    for part in (match["query"] or "")[1:].split("&"):
        name, _, value = part.partition("=")
        if is_secret_name(unquote_plus(name)):
            found.append(value)
    return found + [unquote(value) for value in found]


def secrets_of_headers(headers: Iterable[tuple[str, str]]) -> list[str]:
    """The credentials in headers: the values of secret names, with and without a scheme such as `Bearer`."""
    found = []
    for name, value in headers:
        if is_secret_name(name):
            found += [value, value.rpartition(" ")[2]]
    return found


class Redactor:
    """Replaces known credentials in text that comes back from a server, such as an echo of the request."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long_enough = {secret for secret in secrets if len(secret) >= _MIN_LENGTH}
        # Also as they stand in JSON, where an answer may echo them.
        known = sorted(long_enough | {json.dumps(secret)[1:-1] for secret in long_enough}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known))) if known else None
        self._known_raw = [secret.encode(errors="surrogateescape") for secret in known]
        self._raw = re.compile(b"|".join(map(re.escape, self._known_raw))) if known else None
        self._longest = max(map(len, known), default=0)
        self._known = known

    def joined(self, other: "Redactor") -> "Redactor":
        """One that knows the credentials of both."""
        return Redactor([*self._known, *other._known])

    @property
    def longest(self) -> int:
        """Bytes of the longest known credential, 0 if there is none."""
        return 4 * self._longest

    def __call__(self, text: str) -> str:
        """The text with each known credential as `***`, one that an excerpt cuts off before its `…` among them."""
        if self._pattern is None:
            return text
        *cut, last = self._pattern.sub(MASK, text).split("…")
        return "…".join([*map(self._masked_at_end, cut), last])

    def _masked_at_end(self, text: str) -> str:
        beginning = text[-self._longest :]
        if not any(secret[:_TELLING_LENGTH] in beginning for secret in self._known):
            return text
        held = self.held_back(text)
        return text[:-held] + MASK if held >= _TELLING_LENGTH else text

    def raw(self, data: bytes) -> bytes:
        """Bytes with each known credential as as many asterisks, so that offsets stay true."""
        return self._raw.sub(lambda match: b"*" * len(match[0]), data) if self._raw else data

    def held_back(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a credential."""
        for length in range(min(self._longest - 1, len(text)), 0, -1):
            ending = text[-length:]
            if any(secret.startswith(ending) for secret in self._known):
                return length
        return 0

    def raw_held_back(self, data: bytes) -> int:
        """How many bytes at the end of `data`, masked already, may be the beginning of a credential."""
        longest = 0
        for secret in self._known_raw:
            at = data.find(secret[:1], max(0, len(data) - len(secret) + 1))
            while at >= 0 and not secret.startswith(data[at:]):
                at = data.find(secret[:1], at + 1)
            if at >= 0:
                longest = max(longest, len(data) - at)
        return longest
