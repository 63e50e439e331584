"""Knobs of the bundled mock, added to a request of ours."""

from typing import Final

from msgspec.structs import replace

from sseprobe.probes.receive import StreamPlan

_KNOBS: Final = "x-mock"


def with_knobs(plan: StreamPlan, knobs: str) -> StreamPlan:
    """A plan with further knobs for the bundled mock."""
    request = plan.request
    given = [value for name, value in request.headers if name.lower() == _KNOBS]
    others = [header for header in request.headers if header[0].lower() != _KNOBS]
    headers = [*others, ("X-Mock", ",".join([*given, knobs]))]
    return replace(plan, request=replace(request, headers=headers))
