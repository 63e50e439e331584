"""Entry point: runs the command line and turns whatever comes out of it into an exit code."""

import os
import sys
import traceback
from typing import NoReturn

from sseprobe import exit_codes
from sseprobe.errors import ISSUES, SseprobeError


def main() -> NoReturn:
    """Runs `sseprobe` with the words of this process, and exits."""
    _prepare_output()
    code = _run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain about it once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _run() -> int:
    import typer

    from sseprobe.cli.app import app

    try:
        code = app(prog_name="sseprobe", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        print("sseprobe: interrupted", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except SseprobeError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        return exit_codes.INTERRUPTED
    except Exception as error:
        # Typer's own errors about words know how to show themselves; where their class lives differs by version.
        show = getattr(error, "show", None)
        if show is not None:
            show()
            return exit_codes.USAGE
        _complain(f"that is a bug of sseprobe. Please report it with these lines: {ISSUES}\n{traceback.format_exc()}")
        return exit_codes.BUG
    return code if isinstance(code, int) else exit_codes.PASS


def _complain(sentence: str) -> None:
    from sseprobe.text import visible

    print(f"sseprobe: {visible(sentence)}", file=sys.stderr)


def _prepare_output() -> None:
    """Output to a pipe holds no escape sequence, whatever the environment wishes; no character stops the output."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        for name in ("FORCE_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "GITHUB_ACTIONS"):
            os.environ.pop(name, None)


if __name__ == "__main__":
    main()
