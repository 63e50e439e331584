"""`@ag-ui/client`, under node: `HttpAgent`. It makes several events of some, so only what they say is compared."""

from sseprobe.dialects.traits import Scope, Wire
from sseprobe.readers.base import OutputShape, Reader

_CANARY = (
    b'data: {"type":"RUN_STARTED","threadId":"reader","runId":"reader"}\n\n'
    b'data: {"type":"TEXT_MESSAGE_START","messageId":"1","role":"assistant"}\n\n'
    b'data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"1","delta":"x"}\n\n'
    b'data: {"type":"TEXT_MESSAGE_END","messageId":"1"}\n\n'
    b'data: {"type":"RUN_FINISHED","threadId":"reader","runId":"reader"}\n\n'
)
READER = Reader(
    "@ag-ui/client",
    "@ag-ui/client",
    OutputShape.PARTS,
    _CANARY,
    script="ag-ui.mjs",
    dialects=Scope((Wire.AG_UI,)),
    shows_silent=False,
)
