"""The options of targets and probes in the config file: the keys, their values, mistakes, and the editor's schema."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sseprobe.cli.late_help import filled
from sseprobe.config.options.groups import PROBES, titled_fields
from sseprobe.config.project import load, schema
from sseprobe.errors import UsageError

SHIPPED = Path(__file__).parents[2] / "sseprobe" / "sseprobe.schema.json"
WHOLE = """\
[app]
start = "uvicorn chat:app --port {port}"
env = { OPENAI_BASE_URL = "http://127.0.0.1:{upstream}/v1" }
ready = "/healthz"
ready_timeout = 30
[targets.chat]
url = "http://127.0.0.1:{port}/chat"
header = ["Authorization: Bearer ${CHAT_TOKEN}"]
data = { message = "hi" }
dialect = "my-chat"
timeout = 30
[targets.chat.check]
select = "SSE"
[targets.chat.abort_test]
at = ["before-first-token", "mid-stream"]
how = "rst"
max_overrun = 5
[targets.chat.buffer_test]
profile = ["nginx-legacy"]
[targets.chat.fault_test]
[targets.chat.load]
streams = 50
[dialects.my-chat]
text = "/delta"
done = { "/done" = true }
"""
MISTAKES = [
    ("[targets.a.chek]", 1, 'chek: unknown key; did you mean "check"?'),
    ("[targets.a.check]\nrepet = 1", 2, 'repet: unknown key; did you mean "repeat"?'),
    ("[targets.a.check]\nrepeat = 0", 2, "targets.a.check.repeat = 0: expected a whole number of at least 1."),
    ('[targets.a.abort_test]\nexpect = "maybe"', 2, 'expect = "maybe": expected "stop" or "continue".'),
    ('[targets.a.abort_test]\nhow = ["fin", "slam"]', 2, 'how = "slam": expected "fin" or "rst"'),
    ('[targets.a]\ntimeout = "x"', 2, 'timeout = "x": expected a number of at least 0.001.'),
    ("[targets.a]\nheader = 4", 2, "header = 4: expected text in quotes, or a list of texts."),
    ("[targets.a]\ndata = 4", 2, 'data = 4: expected a table, or text such as "@body.json".'),
    ('[targets.a]\nquiet = "x"', 2, 'quiet = "x": expected true or false.'),
    ('[targets.a]\nconfig = "x"', 2, "config: unknown key"),
    ('[app]\nstrat = "x"', 2, 'strat: unknown key; did you mean "start"?'),
    ("[app]\nready_timeout = 0", 2, "app.ready_timeout = 0: expected a number above 0."),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "sseprobe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_may_stand_there(tmp_path: Path) -> None:
    found: Any = load(written(tmp_path, WHOLE))
    chat = found.targets["chat"]
    assert (chat.url, chat.data, chat.timeout) == ("http://127.0.0.1:{port}/chat", {"message": "hi"}, 30)
    assert (chat.abort_test.how, chat.abort_test.max_overrun, chat.abort_test.trials) == ("rst", 5, None)
    assert (chat.check.select, chat.stream) == ("SSE", None)
    assert found.app.env == {"OPENAI_BASE_URL": "http://127.0.0.1:{upstream}/v1"}


@pytest.mark.parametrize(("text", "line", "said"), MISTAKES, ids=[said for *_, said in MISTAKES])
def test_mistakes_name_file_line_and_key(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert said in str(refused.value)


def test_every_option_of_the_command_line_is_a_key_of_its_probe() -> None:
    tables = schema(filled)["$defs"]
    for name, group in PROBES.items():
        keys = tables[f"{group.__name__}Table"]["properties"]
        fields = {field.key: field.option for _, field in titled_fields(group, "")}
        assert set(keys) == {key for key, option in fields.items() if option.in_file}, name
        for key, value in keys.items():
            assert value["description"] == filled(fields[key].help)


class TestSchema:
    def test_it_is_the_one_that_is_shipped(self) -> None:
        assert json.loads(SHIPPED.read_bytes()) == schema(filled), "run scripts/generate"

    def test_no_list_is_left_out(self) -> None:
        assert "openai-chat, " in SHIPPED.read_text(encoding="utf-8")
        assert not re.findall(r"\{\w+\}", SHIPPED.read_text(encoding="utf-8"))

    def test_it_accepts_what_is_read(self, tmp_path: Path) -> None:
        import tomllib

        jsonschema.Draft202012Validator.check_schema(schema(filled))
        jsonschema.validate(tomllib.loads(WHOLE), schema(filled))

    @pytest.mark.parametrize("text", [text for text, *_ in MISTAKES])
    def test_it_refuses_what_is_refused(self, text: str) -> None:
        import tomllib

        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(text), schema(filled))
