"""`hold-head`: the head waits for the body."""

from sseprobe.proxy.fault import Fault


class HoldHead(Fault):
    """Sends the head of the answer together with the first byte of body, and the body as it comes.

    nginx with an HTTP/1.1 upstream does so (measured with 1.22), unless `X-Accel-Buffering: no` is sent: a client waits
    for the first token to learn that there is an answer at all.
    """

    holds_head = True
