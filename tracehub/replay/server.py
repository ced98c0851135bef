"""The endpoint: answers InvokeAgent and InvokeInlineAgent with recorded streams."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

import msgspec
import orjson
from starlette.types import Receive, Scope, Send

from tracehub.bedrock.wire import exception_frame
from tracehub.errors import PermanentError
from tracehub.replay.asking import LARGEST_BODY, RefusedError, invalid, not_found, read_address, read_call, too_large
from tracehub.replay.faults import Fault, Faults, parse_faults, united
from tracehub.replay.matching import Call, Matching
from tracehub.replay.recording import Recording, Refusal

FAULT_HEADER = b"x-tracehub-fault"
_THROTTLED = exception_frame(
    "throttlingException",
    b'{"message":"Your request rate is too high. Reduce the frequency of requests. (tracehub replay)"}',
).data
_SECOND = 1_000_000


class Pace(msgspec.Struct, frozen=True):
    """How time passes: `speed` 1 is the original timing, 10 ten times as fast, 0 waits for nothing but faults.

    `clock` and `sleep` count in seconds.
    """

    speed: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Replay:
    """An ASGI application. Each frame is sent on its own, so that streams get their turns.

    A connection is broken by returning in the middle of the response, upon which the server closes it.
    """

    def __init__(self, matching: Matching, faults: Faults, pace: Pace, *, recorded_ids: bool = False) -> None:
        self._matching = matching
        self._faults = faults
        self._pace = pace
        self._recorded_ids = recorded_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            call, recording, fault = await self._choose(scope, receive)
        except RefusedError as error:
            await _refuse(error.refusal, send)
        else:
            # The server cancels what still waits when it is told to stop: then this stream is cut like any other.
            with suppress(asyncio.CancelledError):
                await self._stream(call, recording, fault, send)

    async def _choose(self, scope: Scope, receive: Receive) -> tuple[Call, Recording, Fault]:
        """RefusedError where the answer is no stream. What a fault refuses takes no turn: the client may try again."""
        address = read_address(scope["method"], scope.get("raw_path") or scope["path"].encode())
        call = read_call(address, await _body(scope, receive))
        fault = self._strike(scope)
        if fault.refusal is not None:
            raise RefusedError(fault.refusal)
        recording = self._matching.answer(call)
        if isinstance(recording, str):
            raise RefusedError(not_found(recording))
        if recording.refusal is not None:
            raise RefusedError(recording.refusal)
        return call, recording, fault

    def _strike(self, scope: Scope) -> Fault:
        """What strikes this call: what its own header names, else what is in force."""
        struck = self._faults.next()
        given = _header(scope, FAULT_HEADER)
        if given is None:
            return struck
        try:
            return united(parse_faults(given.decode("latin-1")))
        except PermanentError as error:
            raise RefusedError(invalid(f"x-tracehub-fault: {error}")) from error

    async def _stream(self, call: Call, recording: Recording, fault: Fault, send: Send) -> None:
        pace = self._pace
        began = pace.clock()
        frames = [frame for frame in recording.frames if call.wants_trace or frame.event_type != "trace"]
        await send({"type": "http.response.start", "status": 200, "headers": self._headers(call, recording)})
        for sent, frame in enumerate(frames):
            if sent == fault.throttle:
                break
            due = frame.offset / pace.speed if pace.speed else 0
            wait = began + (due + fault.slow * (sent + 1)) / _SECOND - pace.clock()
            await pace.sleep(max(wait, 0))
            if sent == fault.cut:
                await send(_piece(frame.data[: len(frame.data) // 2]))
                return
            await send(_piece(frame.data))
        if fault.throttle is not None:
            await send(_piece(_THROTTLED))
        elif fault.cut is not None or recording.broken:
            return
        await send({"type": "http.response.body", "body": b""})

    def _headers(self, call: Call, recording: Recording) -> list[tuple[bytes, bytes]]:
        request_id = recording.request_id if self._recorded_ids else None
        headers = [
            (b"content-type", b"application/vnd.amazon.eventstream"),
            (b"x-amzn-requestid", (request_id or str(uuid4())).encode()),
            (b"x-amzn-bedrock-agent-content-type", b"application/json"),
            (b"x-amz-bedrock-agent-session-id", call.session_id.encode()),
        ]
        if call.memory_id is not None:
            headers.append((b"x-amz-bedrock-agent-memory-id", call.memory_id.encode()))
        return headers


async def _body(scope: Scope, receive: Receive) -> bytes:
    """The whole body; RefusedError where it is larger than AWS takes."""
    length = _header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > LARGEST_BODY:
        raise RefusedError(too_large())
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise RefusedError(too_large())
        if not message.get("more_body", False):
            return bytes(body)


async def _refuse(refusal: Refusal, send: Send) -> None:
    body = orjson.dumps({"message": refusal.message})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-requestid", str(uuid4()).encode()),
        (b"x-amzn-errortype", refusal.code.encode()),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _header(scope: Scope, name: bytes) -> bytes | None:
    found: bytes | None = next((value for key, value in scope["headers"] if key == name), None)
    return found


def _piece(data: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": True}
