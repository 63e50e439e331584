"""The options of every probe: the shared groups, and its own; no two of one name."""

from collections import Counter

import pytest
from msgspec import Struct

from sseprobe.config.options.groups import PROBES, SHARED, read_options, refuse_unknown, titled_fields
from sseprobe.errors import UsageError


@pytest.mark.parametrize("name", PROBES)
def test_its_own_come_first_then_the_shared_ones(name: str) -> None:
    titles = [title for title, _ in titled_fields(PROBES[name], "Own")]
    assert list(dict.fromkeys(titles)) == ["Own", *SHARED]


@pytest.mark.parametrize("name", PROBES)
def test_no_two_options_have_one_name(name: str) -> None:
    fields = [field for _, field in titled_fields(PROBES[name], "")]
    assert [each for each, count in Counter(field.name for field in fields).items() if count > 1] == []
    flags = Counter(flag for field in fields for flag in field.option.flags)
    assert [each for each, count in flags.items() if count > 1] == []


@pytest.mark.parametrize("name", PROBES)
def test_every_option_has_a_help_that_is_a_sentence(name: str) -> None:
    for _, field in titled_fields(PROBES[name], ""):
        help_text = field.option.help
        assert help_text[0].isupper() or help_text.startswith("auto,"), field.name
        assert help_text.endswith((".", ")")), field.name


def test_each_value_goes_to_its_group() -> None:
    options = read_options(PROBES["check"], {"repeat": 2, "header": ["A: b"], "timeout": 4, "fail_on": "info"})
    shared = (options.request.headers, options.connection.timeout_s, options.judging.fail_on)
    assert (options.own.repeat, *shared) == (2, ["A: b"], 4.0, "info")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("probe", "key", "says"),
    [
        ("check", "repeet", "repeet: not an option of this probe. Did you mean repeat?"),
        ("stream", "witness", "witness: not an option of this probe."),
        ("stream", "xyzzy", "Known are: "),
        ("check", "quiet", "quiet: an option of the command line"),
    ],
)
def test_unknown_keywords(probe: str, key: str, says: str) -> None:
    group: type[Struct] = PROBES[probe]
    with pytest.raises(UsageError) as refused:
        refuse_unknown(group, {key: 1})
    assert says in str(refused.value)


def test_known_keywords_pass() -> None:
    refuse_unknown(PROBES["abort-test"], {"witness": "mock", "timeout": 1})
