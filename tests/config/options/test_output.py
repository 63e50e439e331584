"""The output options: of the command line alone, but for what is kept of a stream."""

from sseprobe.config.options.option import fields_of
from sseprobe.config.options.output import DEFAULT_MAX_BYTES, OutputOptions


def test_python_takes_no_option_that_prints() -> None:
    assert {each.name for each in fields_of(OutputOptions) if each.option.keyword} == {"record", "max-bytes"}


def test_a_body_is_bounded_by_default() -> None:
    assert OutputOptions().max_bytes == DEFAULT_MAX_BYTES
