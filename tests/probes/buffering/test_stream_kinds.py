"""The streams that are sent through a profile."""

import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import Request
from sseprobe.probes.buffering.stream_kinds import AsRequested, LongSilence, silence_s
from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.profile import by_name
from sseprobe.redaction import Redactor

NGINX = by_name("nginx-legacy")


def plan(*headers: tuple[str, str]) -> StreamPlan:
    return StreamPlan(Request("POST", "http://h/", list(headers)), ConnectOptions(), None, Redactor(), 1 << 20)


def test_the_requested_stream_is_sent_as_it_is() -> None:
    kind = AsRequested(requested := plan())
    assert (kind.plan(NGINX), kind.scale(NGINX)) == (requested, 1.0)


def test_a_long_silence_exceeds_the_idle_limit() -> None:
    assert NGINX.time_limits["idle"] == 60
    assert silence_s(NGINX) == 75
    kind = LongSilence(plan(), real_time=True)
    sent = kind.plan(NGINX)
    assert kind.scale(NGINX) == 1
    assert dict(sent.request.headers)["X-Mock"] == "tokens=20,itl_ms=10,ttft_ms=75000,heartbeat_s=15.0000"
    assert sent.options.idle_timeout_s > 75


@pytest.mark.parametrize(("requested", "heartbeat_s"), [((), "0.2000"), ((("x-mock", "heartbeat_s=30"),), "0.4000")])
def test_without_real_time_everything_runs_faster(requested: tuple[tuple[str, str], ...], heartbeat_s: str) -> None:
    kind = LongSilence(plan(*requested), real_time=False)
    assert kind.scale(NGINX) == pytest.approx(75)
    knobs = dict(kind.plan(NGINX).request.headers)["X-Mock"]
    assert knobs.endswith(f"ttft_ms=1000,heartbeat_s={heartbeat_s}")
