"""Options that commands beside the probes share with them."""

from typing import Annotated

from sseprobe.cli.derive import option_of
from sseprobe.config.options.connection import ConnectOptions
from sseprobe.config.options.output import OutputOptions

Insecure = Annotated[bool, option_of(ConnectOptions, "insecure")]
CaCert = Annotated[str | None, option_of(ConnectOptions, "cacert")]
Reports = Annotated[list[str] | None, option_of(OutputOptions, "report")]
Verbose = Annotated[bool, option_of(OutputOptions, "verbose")]
NoColor = Annotated[bool, option_of(OutputOptions, "no-color")]
