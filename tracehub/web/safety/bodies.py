"""Bounds how much a request may send, and for how long."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracehub.web.problems import problem

RECORDS = "/api/v1/records"
# Firehose drops a batch for good that is answered with 413, so its endpoint bounds the body itself.
FIREHOSE = "/ingest/firehose"
# Every other body is a form with a few fields.
LARGEST_FORM = 64 * 1024


class BodyLimit:
    """413 for a body larger than its path allows, announced or not; 408 for one that is not complete in time."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, seconds: float) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on a request whose body is counted and timed while it is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, said = self._limit_of(scope["path"])
        request = Request(scope)
        if limit is not None and _announced(request) > limit:
            await problem(request, 413, said)(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self._seconds
        held = 0
        complete = False

        async def receive_within() -> Message:
            nonlocal held, complete
            # After the body, only the end of the connection is waited for, and that may take any time.
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the body did not arrive within TRACEHUB_BODY_TIMEOUT_SECONDS") from None
            held += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if limit is not None and held > limit:
                raise HTTPException(413, said)
            return message

        await self._app(scope, receive_within, send)

    def _limit_of(self, path: str) -> tuple[int | None, str]:
        if path == FIREHOSE:
            return None, ""
        if path == RECORDS:
            limit = self._max_body_bytes
            return limit, f"the body is larger than TRACEHUB_MAX_BODY_BYTES ({limit:,})"
        return LARGEST_FORM, f"the body is larger than a form may be ({LARGEST_FORM:,} bytes)"


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0
