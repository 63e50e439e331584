"""JSON that witnesses fetch: whatever a server answers is a document, or a WitnessError."""

from typing import Annotated, Final, TypeVar

import msgspec

from sseprobe.net.fetch import Fetcher, FetchError
from sseprobe.redaction import redact_url
from sseprobe.text import one_line
from sseprobe.witnesses.base import WitnessError

Document = TypeVar("Document")

MOST: Final = 2**63 - 1
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
"""A plausible number of tokens."""


def fetch_json(fetcher: Fetcher, url: str, kind: type[Document], what: str, advice: str) -> Document:
    """The document at a URL. `what`: what it should be; `advice`: for a failure. Raises WitnessError."""
    try:
        return msgspec.json.decode(fetcher.get(url).body, type=kind)
    except FetchError as error:
        raise WitnessError(f"{error}. {advice}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WitnessError(f"{redact_url(url)} is not {what}: {one_line(str(error), 120)}") from error
