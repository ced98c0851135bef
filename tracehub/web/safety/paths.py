"""Refuses addresses that mean different things to different servers."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tracehub.web.problems import problem

LONGEST_ADDRESS = 8192
LARGEST_HEADERS = 32 * 1024
_AMBIGUOUS = (b"%2f", b"%5c", b"%00", b"\\", b"//")


class PathCheck:
    """400 for encoded slashes, backslashes, zeros and dot segments; 414 and 431 for what is too long.

    AWS's session ids hold none of these (`[0-9a-zA-Z._:-]+`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is unambiguous."""
        if scope["type"] == "http":
            refused = _refusal(scope)
            if refused:
                await problem(Request(scope), *refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    raw = bytes(scope.get("raw_path") or scope["path"].encode("utf-8", "replace")).lower()
    if len(raw) + len(scope["query_string"]) > LONGEST_ADDRESS:
        return 414, f"at most {LONGEST_ADDRESS:,} characters"
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        return 431, f"at most {LARGEST_HEADERS:,} bytes"
    dotted = {b".", b"..", b"%2e", b"%2e%2e", b".%2e", b"%2e."}
    if any(sign in raw for sign in _AMBIGUOUS) or not dotted.isdisjoint(raw.split(b"/")):
        return 400, "the address holds an encoded slash, a backslash, a zero or a dot segment"
    return None
