"""Why a target could not be reached: what was seen, what was expected, what to try."""

import re
import socket
import ssl
from typing import Final

import httpcore

from sseprobe.errors import SseprobeError, TargetError
from sseprobe.net.wire import TlsTimeout
from sseprobe.redaction import redact_url
from sseprobe.text import one_line

_BYTES: Final = re.compile(r"bytearray\(b(.*)\)")


def in_words(error: Exception) -> str:
    """A library's message, for use in a sentence."""
    return one_line(_BYTES.sub(r"\1", str(error)))


def explain(
    error: Exception, url: str, *, proxy: str | None = None, limit_s: float = 0.0, answered: bool = False
) -> SseprobeError:
    """The error to show for a request that got no answer; `answered`: some bytes of one came."""
    shown = redact_url(url)
    where = f"{shown} through the proxy {redact_url(proxy)}" if proxy else shown
    match error:
        case SseprobeError():
            return error
        case socket.gaierror():
            problem = f"{where}: the host name has no address ({error.strerror}). Check its spelling, or the resolver."
        case ssl.SSLCertVerificationError():
            problem = (
                f"{where}: its certificate is not trusted ({error.verify_message}). "
                "Name the right authority with --cacert FILE, or skip verification with --insecure."
            )
        case ssl.SSLError():
            problem = (
                f"{where}: the TLS handshake failed ({error.reason or error}). "
                "If the port speaks plain HTTP, write http:// instead of https://."
            )
        case ConnectionRefusedError():
            problem = (
                f"{where}: connection refused. Nothing listens there: is the server running, and is the port right?"
            )
        case FileNotFoundError():
            problem = f"{where}: there is no such socket ({error.strerror}). Check the path given to --unix-socket."
        case TlsTimeout():
            problem = (
                f"{where}: connected, but the TLS handshake got no answer within {limit_s:g} s. "
                "If the port speaks plain HTTP, write http:// instead of https://."
            )
        case httpcore.ConnectTimeout():
            problem = f"{where}: no connection within {limit_s:g} s. Check host and port, or raise --connect-timeout."
        case httpcore.ReadTimeout() | httpcore.WriteTimeout() | TimeoutError():
            problem = (
                f"{where}: connected, but no answer within {limit_s:g} s. "
                "The server accepts connections but sends nothing; raise --idle-timeout or --timeout if it is slow."
            )
        case httpcore.ProxyError():
            problem = (
                f"{where}: the proxy refused to connect ({one_line(str(error))}). Check its address and credentials."
            )
        case httpcore.RemoteProtocolError() if answered and "without sending" in str(error):
            problem = (
                f"{where}: the server closed the connection before the head of its answer was complete. "
                "Check the port: it may speak another protocol than HTTP."
            )
        case httpcore.RemoteProtocolError() if "without sending" in str(error):
            problem = (
                f"{where}: the server closed the connection without an answer. "
                "If the port speaks TLS, write https://; else see the server's log."
            )
        case httpcore.RemoteProtocolError() | httpcore.LocalProtocolError():
            problem = (
                f"{where}: the answer is not HTTP ({in_words(error)}). "
                "Check the port; if it speaks TLS, write https://; for HTTP/2 only, use --http2."
            )
        case httpcore.ReadError() | httpcore.WriteError() | ConnectionError():
            problem = (
                f"{where}: the connection was reset before an answer came ({one_line(str(error))}). "
                "See the server's log."
            )
        case OSError():
            problem = f"{where}: could not connect ({error.strerror or one_line(str(error))}). Check host and port."
        case _:
            raise error
    return TargetError(problem)
