"""`half-close:abort|ignore`: what a FIN of the client means."""

from typing import Final, Literal

from sseprobe.proxy.fault import Close, Fault

WORDS: Final = ("abort", "ignore")


class HalfClose(Fault):
    """FIN: the client has left (`abort`: nginx, Caddy), or only wants the answer (`ignore`: HAProxy, Apache)."""

    touches_body = False

    def __init__(self, meaning: Literal["abort", "ignore"]) -> None:
        self._ignores = meaning == "ignore"

    def closes_upstream_on(self, close: Close) -> bool:
        """RST leaves no doubt."""
        return not (self._ignores and close is Close.FIN)
