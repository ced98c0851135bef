"""An upstream whose frames say when they were sent: `python -m benchmarks.paced_agent PORT`.

`tracehub replay` plays recordings, whose frames cannot say that; how late a frame is could only be guessed from it.
"""

import asyncio
import re
import sys
import time
from typing import cast

import uvloop

from tracehub.bedrock.eventstream import encode_frame

MARK = re.compile(rb"@@(\d{18,20})@@")
_HEADERS = {":event-type": "trace", ":content-type": "application/json", ":message-type": "event"}
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_PACE = re.compile(rb"pace-(\d+)-(\d+)-(\d+)")
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n"
    b"x-amzn-requestid: 00000000-0000-4000-8000-%012d\r\ntransfer-encoding: chunked\r\n\r\n"
)


class PacedAgent(asyncio.Protocol):
    """The session id `pace-FRAMES-MILLISECONDS-BYTES` says how many frames come, how far apart, and how large."""

    calls = 0

    def __init__(self) -> None:
        self._held = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if found and len(body) >= (int(length[1]) if length else 0):
            self._held = b""
            asyncio.get_running_loop().create_task(self._answer(head))

    async def _answer(self, head: bytes) -> None:
        pace = _PACE.search(head)
        assert pace, head
        frames, milliseconds, size = (int(each) for each in pace.groups())
        PacedAgent.calls += 1
        self._transport.write(_HEAD % PacedAgent.calls)
        begin = asyncio.get_running_loop().time()
        for number in range(frames):
            await asyncio.sleep(begin + number * milliseconds / 1000 - asyncio.get_running_loop().time())
            frame = _frame(size)
            self._transport.write(b"%x\r\n%b\r\n" % (len(frame), frame))
        self._transport.write(b"0\r\n\r\n")


def _frame(size: int) -> bytes:
    mark = b"@@%019d@@" % time.monotonic_ns()
    payload = b'{"sessionId":"s","trace":{"orchestrationTrace":{"rationale":{"text":"%b%b","traceId":"x"}}}}'
    return encode_frame(_HEADERS, payload % (mark, b"x" * (size - 200)))


async def main() -> None:
    """Serves until it is killed."""
    server = await asyncio.get_running_loop().create_server(PacedAgent, "127.0.0.1", int(sys.argv[1]), backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
