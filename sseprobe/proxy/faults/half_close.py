"""`half-close:abort|ignore`: what a FIN of the client means."""

from typing import Final, Literal

from sseprobe.proxy.base import Fault, Leaving

WORDS: Final = ("abort", "ignore")


class HalfClose(Fault):
    """FIN: the client has left (`abort`: nginx, Caddy), or only wants the answer (`ignore`: HAProxy, Apache)."""

    touches_body = False

    def __init__(self, meaning: Literal["abort", "ignore"]) -> None:
        self._ignores = meaning == "ignore"

    def abandons(self, leaving: Leaving) -> bool:
        """RST leaves no doubt."""
        return not (self._ignores and leaving is Leaving.EOF)
