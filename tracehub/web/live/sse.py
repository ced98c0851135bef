"""Writes messages of a text/event-stream."""

import re

RETRY_MS = 2000
HEARTBEAT = ": still here\n\n"
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def begin() -> str:
    """How soon the browser comes back after the stream has ended."""
    return f"retry: {RETRY_MS}\n\n"


def message(event: str, data: str = "", cursor: int | None = None) -> str:
    """One message; with a cursor the browser remembers it, and brings it along when it comes back."""
    named = f"id: {cursor}\n" if cursor is not None else ""
    lines = "".join(f"data: {line}\n" for line in _LINE_ENDS.split(data))
    return f"{named}event: {event}\n{lines}\n"
