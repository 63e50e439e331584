"""The ways to leave a stream."""

from enum import StrEnum


class AbortKind(StrEnum):
    """How a client leaves."""

    FIN = "fin"
    """As a closed tab does: everything that came is read, then the connection is closed."""
    RST = "rst"
    """As a crashed client does, or one that closes with bytes unread."""
    HALF_CLOSE = "half-close"
    """Says that it will send no more, and goes on reading: HTTP does not say what that means."""
    STALL = "stall"
    """Reads no more, and stays connected, as a suspended laptop does."""
    H2_RESET = "h2-reset"
    """Cancels one stream of an HTTP/2 connection, as browsers do."""
