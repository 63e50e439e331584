"""From the request options to a request: method, headers, body, and what may not be shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from sseprobe.config.options.request import RequestOptions
from sseprobe.errors import UsageError
from sseprobe.http_exchange import Request
from sseprobe.probes.request import build_request, checked_url

CHAT = "http://h/v1/chat/completions"
APP = "http://h/events"


def built(url: str, **options: Any) -> Request:
    return build_request(url, RequestOptions(**options))[0]


def header(request: Request, name: str) -> list[str]:
    return [value for each, value in request.headers if each.lower() == name]


def test_a_known_path_gets_a_body_of_its_dialect() -> None:
    request, dialect, _ = build_request(CHAT, RequestOptions(prompt="hi", model="m"))
    assert dialect is not None
    assert (request.method, dialect.name) == ("POST", "openai-chat")
    body = json.loads(request.body or b"")
    assert (body["model"], body["stream"], body["messages"][-1]["content"]) == ("m", True, "hi")


def test_an_unknown_path_is_asked_with_get() -> None:
    request = built(APP)
    assert (request.method, request.body) == ("GET", None)
    assert header(request, "accept") == ["text/event-stream"]
    assert header(request, "accept-encoding") == ["identity"]


def test_a_body_is_posted_as_json_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(b'{"a":  1}')
    request = built(APP, data=f"@{file}")
    assert (request.method, request.body) == ("POST", b'{"a":  1}')
    assert header(request, "content-type") == ["application/json"]
    assert built(APP, data="{}", method="put").method == "PUT"


def test_a_header_of_the_user_replaces_ours() -> None:
    request = built(APP, headers=["accept: text/plain", "user-agent: me"])
    assert header(request, "accept") == ["text/plain"]
    assert header(request, "user-agent") == ["me"]


@pytest.mark.parametrize(("url", "name"), [(CHAT, "authorization"), ("http://h/v1/messages", "x-api-key")])
def test_a_key_goes_in_the_vendors_header_and_is_masked(url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", " sk-secret-1 ")
    request, _, redact = build_request(url, RequestOptions(api_key_env="KEY"))
    [value] = header(request, name)
    assert value.endswith("sk-secret-1")
    assert "sk-secret-1" not in redact("it says sk-secret-1")


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("h:8000/x", {}, "Did you mean http://h:8000/x ?"),
        ("ftp://h/", {}, "not an HTTP URL"),
        ("http://h:0/", {}, "port 0"),
        ("http://h:99999/", {}, "not a URL"),
        (APP, {"prompt": "hi"}, "its path does not show a dialect"),
        (CHAT, {"data": "{}", "model": "m"}, "--data is the whole body"),
        (APP, {"data": "{'a': 1}"}, "--data: not JSON"),
        (APP, {"data": "@/none/file"}, "--data @/none/file: cannot be read"),
        (APP, {"headers": ["no colon"]}, "--header '***': not a header"),
        (APP, {"headers": ["A b: secret"]}, "--header 'A b: ***': not a header"),
        (APP, {"headers": ["A: b\r\nC: d"]}, "not a header"),
        (APP, {"method": "GE T"}, "--method GE T: not an HTTP method"),
        (APP, {"api_key_env": "NO_SUCH_KEY"}, "--api-key-env NO_SUCH_KEY: this environment variable is not set"),
        (APP, {"dialect": "openai-chats"}, "Did you mean openai-chat?"),
    ],
)
def test_what_is_refused(url: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        built(url, **options)
    assert says in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_url_with_credentials_is_refused_without_them() -> None:
    with pytest.raises(UsageError) as refused:
        checked_url("ftp://me:pass-word@h/")
    assert "pass-word" not in str(refused.value)
