"""Reads a caller's request whole, within bounds: its signature is over all of it."""

import asyncio
import hashlib
from typing import NamedTuple

from starlette.types import Message, Receive, Scope

from tracehub.proxy.signing.refusals import RefusedError

# Hashing takes half a millisecond a megabyte: what is larger is hashed beside the other calls.
_HASHED_AT_ONCE = 512 * 1024


class CallerLeftError(Exception):
    """The caller went away before the request was whole."""


class Body(NamedTuple):
    """A request's body with its SHA-256 in hex."""

    data: bytes
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> "Body":
        """A body that is there whole."""
        return cls(data, _sha256(data))


async def read_body(scope: Scope, receive: Receive, most_bytes: int, seconds: float) -> Body:
    """RefusedError where the body is too large or comes too slowly, CallerLeftError where it does not come."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > most_bytes):
            raise _too_large(most_bytes)
    message = await _next(receive, seconds)
    data: bytes = message.get("body", b"")
    if message.get("more_body"):
        data = await _rest(receive, data, most_bytes, seconds)
    if len(data) > most_bytes:
        raise _too_large(most_bytes)
    if len(data) > _HASHED_AT_ONCE:
        return Body(data, await asyncio.to_thread(_sha256, data))
    return Body.of(data)


async def _rest(receive: Receive, first: bytes, most_bytes: int, seconds: float) -> bytes:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    data = bytearray(first)
    while True:
        message = await _next(receive, end - loop.time())
        data += message.get("body", b"")
        if len(data) > most_bytes:
            raise _too_large(most_bytes)
        if not message.get("more_body"):
            return bytes(data)


async def _next(receive: Receive, seconds: float) -> Message:
    try:
        async with asyncio.timeout(seconds):
            message = await receive()
    except TimeoutError:
        raise RefusedError(408, "RequestTimeoutException", "The request's body came too slowly.") from None
    if message["type"] == "http.disconnect":
        raise CallerLeftError
    return message


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _too_large(most_bytes: int) -> RefusedError:
    return RefusedError(
        413, "RequestEntityTooLargeException", f"tracehub's proxy takes bodies of up to {most_bytes:,} bytes."
    )
