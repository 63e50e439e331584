"""The app that reads its client's disconnect and stops: `responses.py` is the code to copy."""

from typing import Final

from mockserver.app import create_app

__all__ = ["SUMMARY", "create_app"]

SUMMARY: Final = "stops at once"
