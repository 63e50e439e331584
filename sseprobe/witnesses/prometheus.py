"""`prometheus:URL`: a counter of generated tokens and a gauge of requests in progress, from a metrics endpoint.

Presets name the right ones: vLLM's `request_success_total{finished_reason="abort"}` stays 0 (vllm#31503), llama.cpp's
`tokens_predicted_total` moves only when a slot is released. SGLang stops some 2 s late by design (`create_abort_task`).
"""

import difflib
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from msgspec import Struct

from sseprobe.errors import UsageError
from sseprobe.net.fetch import Fetcher, FetchError
from sseprobe.redaction import redact_url
from sseprobe.stop_detection.samples import Reading
from sseprobe.text import one_line
from sseprobe.witnesses.base import Context, Spec, Witness, WitnessError, checked_url

if TYPE_CHECKING:
    from prometheus_client import Metric

_LIMIT_S: Final = 2.0
_SHOWN: Final = 8
_OPENMETRICS: Final = "application/openmetrics-text"


class MetricNames(Struct, frozen=True):
    """Names of metrics, whose samples are summed over all labels. `counters`: the first that is there counts."""

    counters: tuple[str, ...] = ()
    gauges: tuple[str, ...] = ()


PRESETS: Final = {
    "vllm": MetricNames(
        ("vllm:generation_tokens_total", "vllm:generation_tokens"),
        ("vllm:num_requests_running", "vllm:num_requests_waiting"),
    ),
    "sglang": MetricNames(
        ("sglang:generation_tokens_total", "sglang:generation_tokens"),
        ("sglang:num_running_reqs", "sglang:num_queue_reqs"),
    ),
    "tgi": MetricNames((), ("tgi_batch_current_size", "tgi_queue_size")),
    "llamacpp": MetricNames(
        ("llamacpp:n_decode_total", "llamacpp:n_decode"), ("llamacpp:requests_processing", "llamacpp:requests_deferred")
    ),
    "triton": MetricNames(
        ("vllm:generation_tokens_total", "vllm:generation_tokens"),
        ("vllm:num_requests_running", "nv_inference_pending_request_count"),
    ),
}

SPEC: Final = Spec(
    "prometheus",
    "prometheus:URL[#preset=NAME|#counter=NAME&gauge=NAME]",
    "a metrics endpoint; those of vLLM, SGLang, TGI, llama.cpp and Triton are recognised",
    "a counter of tokens and a gauge of requests",
)


class Prometheus(Witness):
    """Sums the samples of the named metrics."""

    spec = SPEC
    interval_s = 0.025

    def __init__(self, url: str, names: MetricNames | None, context: Context, *, counts_tokens: bool) -> None:
        self._url = url
        self._names = names
        self._fetcher = Fetcher(url, context.options, _LIMIT_S)
        self.counts_tokens = counts_tokens  # by preset

    def sample(self) -> Reading:
        values = self._values()
        if self._names is None:
            self._names = self._recognised(values)
        counter = next((name for name in self._names.counters if name in values), None)
        gauges = [name for name in self._names.gauges if name in values]
        if counter is None and not gauges:
            raise WitnessError(self._not_there(values, [*self._names.counters, *self._names.gauges]))
        return Reading(
            work=None if counter is None else values[counter],
            running=round(sum(values[name] for name in gauges)) if gauges else None,
        )

    def close(self) -> None:
        self._fetcher.close()

    def _values(self) -> dict[str, float]:
        """The sum of all samples, by name."""
        try:
            document = self._fetcher.get()
        except FetchError as error:
            advice = "vLLM and TGI serve /metrics; llama.cpp needs --metrics, SGLang --enable-metrics"
            raise WitnessError(f"{error}. {advice}") from error
        parse = _parser(openmetrics=_OPENMETRICS in document.content_type)
        values: dict[str, float] = {}
        try:
            for family in parse(document.body.decode(errors="replace")):
                for sample in family.samples:
                    values[sample.name] = values.get(sample.name, 0.0) + sample.value
        except Exception as error:  # whatever the parser meets in hostile text
            shown = one_line(str(error), 120)
            raise WitnessError(f"{redact_url(self._url)} is not Prometheus text ({shown})") from error
        if not values:
            raise WitnessError(f"{redact_url(self._url)} exposes no metrics")
        return {name: value for name, value in values.items() if math.isfinite(value)}  # NaN: not known yet

    def _recognised(self, values: dict[str, float]) -> MetricNames:
        for names in PRESETS.values():
            if any(name in values for name in [*names.counters, *names.gauges]):
                return names
        found = f"{redact_url(self._url)} has none of the metrics of {', '.join(PRESETS)}"
        raise WitnessError(f"{found}. Name yours: prometheus:URL#counter=NAME&gauge=NAME. It has {_some(values)}")

    def _not_there(self, values: dict[str, float], wanted: list[str]) -> str:
        near = [close for name in wanted for close in difflib.get_close_matches(name, values, _SHOWN, 0.5)]
        listed = f"similar ones are {_some(dict.fromkeys(near))}" if near else f"it has {_some(values)}"
        return f"{redact_url(self._url)} does not expose {' or '.join(wanted)}; {listed}"


def _parser(*, openmetrics: bool) -> Callable[[str], "Iterable[Metric]"]:
    # Not above: it takes a fifth of a second, and help imports this file.
    if openmetrics:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

        return parse_openmetrics
    from prometheus_client.parser import text_string_to_metric_families as parse_text

    return parse_text


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(one_line(name, 80) for name in listed[:_SHOWN]) + more


def make(words: str, context: Context) -> Witness:
    """From `prometheus:URL[#preset=NAME]` or `#counter=NAME&gauge=NAME`. Raises UsageError."""
    parts = urlsplit(checked_url(words, SPEC.name))
    url = urlunsplit(parts._replace(fragment=""))
    named = dict(parse_qsl(parts.fragment, keep_blank_values=True))
    wrong = sorted(named.keys() - {"preset", "counter", "gauge"})
    if wrong or (parts.fragment and not any(named.values())):
        raise UsageError(
            f"--witness prometheus:…#{one_line(parts.fragment, 80)}: invalid. "
            "Expected #preset=NAME, or #counter=NAME&gauge=NAME (or one of the two)."
        )
    preset = named.get("preset")
    if preset is not None:
        if preset not in PRESETS:
            near = difflib.get_close_matches(preset, PRESETS, 1)
            guess = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(
                f"--witness prometheus:…#preset={preset}: unknown preset.{guess} Known are: {', '.join(PRESETS)}."
            )
        return Prometheus(url, PRESETS[preset], context, counts_tokens=True)
    if not named:
        return Prometheus(url, None, context, counts_tokens=True)
    counter, gauge = named.get("counter"), named.get("gauge")
    # Parsers add _total to the name of a counter that lacks it.
    names = MetricNames((counter, f"{counter}_total") if counter else (), (gauge,) if gauge else ())
    return Prometheus(url, names, context, counts_tokens=False)
