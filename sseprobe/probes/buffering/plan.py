"""What a buffer test shall do."""

from collections.abc import Callable

from msgspec import Struct

from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.profile import Profile
from sseprobe.witnesses.base import Witness


class BufferPlan(Struct, frozen=True):
    """`profiles`: to run; `named`: they were asked for, so that all of them count.

    `direct`: the direct path to the same server, which makes it a comparison of two paths. `is_mock`: the bundled mock
    is tested, whose time runs faster unless `real_time`. `witnesses`: makes those who see whether the server stops when
    a client leaves behind a hop; anew for each hop. `side_by_side`: how many streams may run at once. `again`: the
    options of the request as they were given, to be shown.
    """

    stream: StreamPlan
    profiles: tuple[Profile, ...]
    named: bool
    direct: StreamPlan | None = None
    is_mock: bool = False
    real_time: bool = False
    witnesses: Callable[[], list[Witness]] | None = None
    side_by_side: int = 4
    again: tuple[str, ...] = ()
