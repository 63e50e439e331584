"""The table of faults, and how a `--fault SPEC` is read."""

import re
from pathlib import Path

import pytest

from sseprobe.errors import UsageError
from sseprobe.proxy import faults
from sseprobe.proxy.fault_kind import FaultKind
from sseprobe.proxy.faults import MODULES, all_faults, parse_fault

FAULTS_FOLDER = Path(faults.__file__).parent


class TestTable:
    """Files and table agree; a fault is declared in its file. The docs: `test_markdown_tables.py`."""

    def test_the_modules_are_those_of_the_files(self) -> None:
        files = {path.stem for path in FAULTS_FOLDER.glob("*.py")} - {"__init__"}
        assert sorted(files) == sorted(MODULES)

    def test_each_fault_has_a_name_of_its_own(self) -> None:
        assert len(all_faults()) == len(MODULES)

    @pytest.mark.parametrize("kind", all_faults().values(), ids=lambda kind: kind.name)
    def test_its_summary_is_one_phrase(self, kind: FaultKind) -> None:
        assert re.fullmatch(r"[a-z][^\n]{9,90}[^.]", kind.summary)
        assert kind.syntax.startswith(kind.name)

    def test_an_error_names_all(self) -> None:
        with pytest.raises(UsageError) as refused:
            parse_fault("nonsense")
        assert str(refused.value).endswith(f" Known are: {', '.join(all_faults())}.")


class TestSpecs:
    def test_each_syntax_makes_its_fault(self) -> None:
        examples = {"N": "3", "MS": "3", "S": "3", "B": "3", "NAME": "GET", "NAME:VALUE": "X-Y: z"}
        for name, kind in all_faults().items():
            argument = kind.syntax.removeprefix(name).lstrip("[:").partition("[")[0].rstrip("]")
            value = examples.get(argument, argument.split("|")[0])
            spec = name if kind.syntax == name or kind.syntax.startswith(f"{name}[") else f"{name}:{value}"
            assert type(parse_fault(spec)()) is kind.make, spec

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ("hodl:3", "Did you mean hold"),
            ("hold", "a whole number of at least 1"),
            ("hold:0", "a whole number"),
            ("hold:-1", "a whole number"),
            ("hold:1e9", "a whole number"),
            ("hold-all:1", "no value"),
            ("latency:nan", "a number of milliseconds"),
            ("latency:inf", "a number of milliseconds"),
            ("latency:5~x", "a number of milliseconds"),
            ("stall:0", "a number of seconds"),
            ("idle-timeout:3,maybe", "eof, rst, or an HTTP status"),
            ("idle-timeout:3,200", "eof, rst, or an HTTP status"),
            ("gzip:fast", "one of: blocked, sync"),
            ("strip:a b", "a token of HTTP"),
            ("add:X-Y", "NAME:VALUE"),
            ("add:X-Y:a\r\nSet-Cookie: b", "NAME:VALUE"),
            ("add:X\r\n:a", "a token of HTTP"),
            ("method:GET / HTTP/1.1", "a token of HTTP"),
            ("", "unknown fault"),
            ("\x1b[31m", "unknown fault"),
        ],
    )
    def test_what_is_not_understood_says_what_is(self, spec: str, said: str) -> None:
        with pytest.raises(UsageError, match=said) as refused:
            parse_fault(spec)
        assert "\x1b" not in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_each_exchange_has_faults_of_its_own(self) -> None:
        make = parse_fault("eof-after:3")
        assert make() is not make()
