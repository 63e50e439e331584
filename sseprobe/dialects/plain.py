"""`plain`: any event stream. How it is read is learned from its events (`own/`), and so is its end mark."""

from sseprobe.dialects.own.convention import Convention
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.event_format import EventFormat

DIALECT = own_dialect("plain", EventFormat(Convention()), path="/sse")
