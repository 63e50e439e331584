"""The ways to abort a stream."""

from enum import StrEnum


class AbortKind(StrEnum):
    """How a client aborts."""

    FIN = "fin"
    """As a closed browser tab: everything that arrived is read, then the connection is closed."""
    RST = "rst"
    """As a crashed client, or one that closes with bytes unread."""
    HALF_CLOSE = "half-close"
    """Sends FIN and continues to read: HTTP does not define what that means."""
    STALL = "stall"
    """Stops reading and stays connected, as a suspended laptop."""
    H2_RESET = "h2-reset"
    """Cancels one stream of an HTTP/2 connection, as browsers do."""
