"""Entry point: runs the command line and turns whatever comes out of it into an exit code."""

import os
import sys

from sseprobe.cli.interruption import interruption

TYPE_CHECKING = False
if TYPE_CHECKING:  # whatever is imported here delays the moment from which on signals are watched
    from typing import NoReturn


def main() -> "NoReturn":
    """Runs `sseprobe` with the arguments of this process, and exits."""
    interruption.watch()
    _prepare_output()
    code = _run()
    interruption.ignore()
    sys.stdout.flush()
    sys.exit(code)


def _run() -> int:
    try:
        from sseprobe.cli.app import app

        code = app(prog_name="sseprobe", standalone_mode=False)
    except KeyboardInterrupt:
        print("sseprobe: interrupted", file=sys.stderr)
        return interruption.exit_code
    except Exception as error:
        return _code_of(error)
    return code if isinstance(code, int) else 0


def _code_of(error: Exception) -> int:
    import traceback

    import typer

    from sseprobe import exit_codes
    from sseprobe.errors import ISSUES, SseprobeError

    if isinstance(error, typer.Abort):
        print("sseprobe: interrupted", file=sys.stderr)
        return interruption.exit_code
    if isinstance(error, SseprobeError):
        _complain(str(error))
        return error.exit_code
    # Typer's own errors about usage know how to show themselves; where their class lives differs by version.
    show = getattr(error, "show", None)
    if show is not None:
        show()
        return exit_codes.USAGE
    _complain(f"that is a bug of sseprobe. Please report it with these lines: {ISSUES}\n{traceback.format_exc()}")
    return exit_codes.BUG


def _complain(sentence: str) -> None:
    from sseprobe.text import visible

    print(f"sseprobe: {visible(sentence)}", file=sys.stderr)


def _prepare_output() -> None:
    """Output to a pipe holds no escape sequence, whatever the environment wishes; no character stops the output."""
    from sseprobe.cli.pipes import survive_closed_pipes

    survive_closed_pipes()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        for name in ("FORCE_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "GITHUB_ACTIONS"):
            os.environ.pop(name, None)


if __name__ == "__main__":
    main()
