"""Answers that the proxy gives itself."""

from collections.abc import Sequence

from starlette.types import Send

Headers = Sequence[tuple[bytes, bytes]]


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """One whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


async def text(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    """A page of the proxy's own."""
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    await answer(send, status, headers, body)
