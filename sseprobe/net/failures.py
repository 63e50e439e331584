"""Why a target could not be reached, in words: what was seen, what was expected, what to try."""

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
    """What a library said, for a sentence."""
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
            said = f"{where}: the host name has no address ({error.strerror}). Check its spelling, or the resolver."
        case ssl.SSLCertVerificationError():
            said = (
                f"{where}: its certificate is not trusted ({error.verify_message}). "
                "Name the right authority with --cacert FILE, or go without verification: --insecure."
            )
        case ssl.SSLError():
            said = (
                f"{where}: the TLS handshake failed ({error.reason or error}). "
                "If the port speaks plain HTTP, write http:// instead of https://."
            )
        case ConnectionRefusedError():
            said = f"{where}: connection refused. Nothing listens there: is the server running, and is the port right?"
        case FileNotFoundError():
            said = f"{where}: there is no such socket ({error.strerror}). Check the path given to --unix-socket."
        case TlsTimeout():
            said = (
                f"{where}: connected, but the TLS handshake got no answer within {limit_s:g} s. "
                "If the port speaks plain HTTP, write http:// instead of https://."
            )
        case httpcore.ConnectTimeout():
            said = f"{where}: no connection within {limit_s:g} s. Check host and port, or raise --connect-timeout."
        case httpcore.ReadTimeout() | httpcore.WriteTimeout() | TimeoutError():
            said = (
                f"{where}: connected, but no answer within {limit_s:g} s. "
                "The server accepts and then says nothing; raise --idle-timeout or --timeout if it needs longer."
            )
        case httpcore.ProxyError():
            said = f"{where}: the proxy refused to connect ({one_line(str(error))}). Check its address and credentials."
        case httpcore.RemoteProtocolError() if answered and "without sending" in str(error):
            said = (
                f"{where}: the server closed the connection before the head of its answer was complete. "
                "Check the port: it may speak another protocol than HTTP."
            )
        case httpcore.RemoteProtocolError() if "without sending" in str(error):
            said = (
                f"{where}: the server closed the connection without an answer. "
                "If the port speaks TLS, write https://; else look into the server's log."
            )
        case httpcore.RemoteProtocolError() | httpcore.LocalProtocolError():
            said = (
                f"{where}: the answer is not HTTP ({in_words(error)}). "
                "Check the port; if it speaks TLS, write https://; for HTTP/2 only, use --http2."
            )
        case httpcore.ReadError() | httpcore.WriteError() | ConnectionError():
            said = (
                f"{where}: the connection was reset before an answer came ({one_line(str(error))}). "
                "Look into the server's log."
            )
        case OSError():
            said = f"{where}: could not connect ({error.strerror or one_line(str(error))}). Check host and port."
        case _:
            raise error
    return TargetError(said)
