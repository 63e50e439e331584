"""Streams received over a socket as a probe receives them, without the set-up around it."""

import asyncio
from typing import Any

from sseprobe.config.options.request import RequestOptions
from sseprobe.dialects.base import Dialect
from sseprobe.http_exchange import Request
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.probes.request import build_request
from sseprobe.probes.stream_report import report_of
from sseprobe.redaction import Redactor
from sseprobe.report import StreamReport
from sseprobe.streams.view import SilentView


def request_for(url: str, **options: Any) -> tuple[Request, Dialect | None, Redactor]:
    """The request that these options make, its dialect, and what must not be shown."""
    return build_request(url, RequestOptions(**options))


def received(plan: StreamPlan) -> StreamReport:
    """The report of one stream."""
    run = StreamRun(plan, SilentView())
    asyncio.run(run.go())
    report = report_of(run, None)
    assert report is not None
    return report
