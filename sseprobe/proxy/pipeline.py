"""The faults of one exchange, in order: data goes in at the upstream's end, and comes out downstream. Sans-IO."""

from collections.abc import Iterable, Sequence

from sseprobe.proxy.fault import Action, Break, Close, End, Fault, Refuse, RequestHead, ResponseHead, Send, Wake

Output = ResponseHead | Send | End | Break | Refuse
"""What comes out: the head once, body, and one of the ends."""


class Pipeline:
    """Passes on what faults send. Each call returns what goes downstream, in order; after an end nothing more comes.

    `wake_ns`: when `on_wake` is to be called, None if nothing waits. `over`: an end has come out.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self.over = False
        self.head_sent = False
        self._head: ResponseHead | None = None
        self._wakes: list[int | None] = [None] * len(self.faults)
        self._out: list[Output] = []

    @property
    def wake_ns(self) -> int | None:
        """The earliest time that any fault asked for."""
        return None if self.over else min((at for at in self._wakes if at is not None), default=None)

    @property
    def is_transparent(self) -> bool:
        """Whether the body passes as it is, and its head too."""
        return not any(fault.touches_body for fault in self.faults)

    @property
    def alters_length(self) -> bool:
        """Whether the number of bytes may change."""
        return any(fault.alters_length for fault in self.faults)

    @property
    def reads_client(self) -> bool:
        """Whether the client's socket is read during the response."""
        return all(fault.reads_client for fault in self.faults)

    def closes_upstream_on(self, close: Close) -> bool:
        """Whether the upstream connection is closed when the client closes its own like that."""
        return all(fault.closes_upstream_on(close) for fault in self.faults)

    def on_request(self, head: RequestHead, t_ns: int) -> list[Output]:
        """A request is about to go upstream; its head is changed in place, nearest to the client first."""
        for place in reversed(range(len(self.faults))):
            self._carry(place, self.faults[place].on_request(head, t_ns), t_ns)
        return self._take()

    def on_head(self, head: ResponseHead, t_ns: int) -> list[Output]:
        """The head of the response has come; it is changed in place."""
        self._head = head
        for place, fault in enumerate(self.faults):
            self._carry(place, fault.on_head(head, t_ns), t_ns)
        return self._take()

    def on_body(self, data: bytes, t_ns: int) -> list[Output]:
        """Some of the body has come."""
        self._enter(0, Send(data), t_ns)
        return self._take()

    def on_end(self, t_ns: int) -> list[Output]:
        """The body is complete."""
        self._enter(0, End(), t_ns)
        return self._take()

    def on_break(self, broken: Break, t_ns: int) -> list[Output]:
        """The upstream cut the body."""
        self._enter(0, broken, t_ns)
        return self._take()

    def on_wake(self, t_ns: int) -> list[Output]:
        """A time that was asked for has come."""
        for place, fault in enumerate(self.faults):
            at_ns = self._wakes[place]
            if at_ns is not None and at_ns <= t_ns:
                self._wakes[place] = None
                self._carry(place, fault.on_wake(t_ns), t_ns)
        return self._take()

    def _enter(self, place: int, what: Send | End | Break, t_ns: int) -> None:
        if self.over:
            return
        if place == len(self.faults):
            self._emit(what)
            return
        fault = self.faults[place]
        match what:
            case Send(data):
                actions = fault.on_body(data, t_ns)
            case End():
                actions = fault.on_end(t_ns)
            case Break():
                actions = fault.on_break(what, t_ns)
        self._carry(place, actions, t_ns)

    def _carry(self, place: int, actions: Iterable[Action], t_ns: int) -> None:
        for action in actions:
            match action:
                case Wake(at_ns):
                    self._wakes[place] = at_ns
                case Refuse():
                    self._refuse(place, action, t_ns)
                case _:
                    self._enter(place + 1, action, t_ns)

    def _refuse(self, place: int, refusal: Refuse, t_ns: int) -> None:
        if self.over:
            return
        if self.head_sent:
            self._enter(place + 1, Break(refusal.otherwise), t_ns)
        else:
            self._out.append(refusal)
            self.over = True

    def _emit(self, what: Send | End | Break) -> None:
        if isinstance(what, Send) and not what.data:
            return
        if not self.head_sent:
            self._send_head()
        self._out.append(what)
        self.over = not isinstance(what, Send)

    def _send_head(self) -> None:
        if self._head is not None:
            self._out.append(self._head)
            self.head_sent = True

    def _take(self) -> list[Output]:
        """What has come out. The head goes as soon as no fault wants to hold it any more."""
        if not self.head_sent and not self.over and not any(fault.holds_head for fault in self.faults):
            self._send_head()
        out, self._out = self._out, []
        return out
