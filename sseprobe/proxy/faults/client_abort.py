"""`client-abort:at-once|next-write|never`: when a client's leaving reaches the upstream."""

from typing import Final

from sseprobe.proxy.fault import Close, Fault

WORDS: Final = ("at-once", "next-write", "never")


class ClientAbort(Fault):
    """When it reaches it.

    `at-once`: as soon as the client closes. `next-write`: when writing to it fails, so that a silent upstream is never
    told: HAProxy, Apache, Caddy with flush_interval -1. `never`: the upstream works to its end: lighttpd. All measured.
    """

    touches_body = False

    def __init__(self, when: str) -> None:
        self.reads_client = when == "at-once"
        self._when = when

    def closes_upstream_on(self, close: Close) -> bool:
        """Unless it never does."""
        return self._when != "never"
