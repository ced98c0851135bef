"""Many callers at once, light enough not to be the limit: `python -m benchmarks.streams` reads its task on stdin."""

import asyncio
import hashlib
import json
import sys
import time
from typing import NamedTuple, cast

import uvloop

from benchmarks.paced_agent import MARK
from tracehub.proxy.signing.sign import Credentials, sign

_BODY = b'{"enableTrace":true,"inputText":"hi"}'
_PATIENCE = 120


class Task(NamedTuple):
    """`streams` calls side by side, `times` after each other on one connection each."""

    host: str
    port: int
    key_id: str
    secret: str
    streams: int
    times: int
    pace: str
    apart_ms: float


class _Caller(asyncio.Protocol):
    def __init__(self, done: "asyncio.Future[None]") -> None:
        self._done = done
        self._sent = 0
        self._tail = b""
        self.first: list[int] = []
        self.late: list[int] = []
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, done: "asyncio.Future[None]") -> None:
        self._done = done
        self._tail = b""
        self._begun = False
        self._sent = time.monotonic_ns()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self._begun:
            self._begun = True
            self.first.append(now - self._sent)
            if not data.startswith(b"HTTP/1.1 200"):
                self._done.set_exception(RuntimeError(data[:500].decode("latin-1")))
                return
        held = self._tail + data
        last = 0
        for found in MARK.finditer(held):
            self.late.append(now - int(found[1]))
            last = found.end()
        self._tail = held[max(last, len(held) - 40) :]
        if held.endswith(b"\r\n0\r\n\r\n") and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(f"the connection was lost: {exc}"))


async def _call(task: Task, number: int, request: bytes) -> _Caller:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(number * task.apart_ms / 1000)
    done: asyncio.Future[None] = loop.create_future()
    _, caller = await loop.create_connection(lambda: _Caller(done), task.host, task.port)
    for _ in range(task.times):
        done = loop.create_future()
        caller.ask(request, done)
        await asyncio.wait_for(done, _PATIENCE)
    caller.transport.close()
    return caller


async def main() -> None:
    """Prints what was measured as JSON: nanoseconds to the first byte, and by which each frame was late."""
    task = Task(**json.load(sys.stdin))
    request = _request(task)
    began = time.monotonic()
    callers = await asyncio.gather(*(_call(task, number, request) for number in range(task.streams)))
    seconds = time.monotonic() - began
    first = [each for caller in callers for each in caller.first]
    late = [each for caller in callers for each in caller.late]
    json.dump({"seconds": seconds, "first": first, "late": late}, sys.stdout)


def _request(task: Task) -> bytes:
    """Signed once: it is good for five minutes."""

    path = f"/agents/AGENT12345/agentAliases/ALIAS12345/sessions/{task.pace}/text".encode()
    headers = [(b"host", f"{task.host}:{task.port}".encode()), (b"content-length", b"%d" % len(_BODY))]
    signed = sign(
        "POST",
        path,
        b"",
        headers,
        hashlib.sha256(_BODY).hexdigest(),
        Credentials(task.key_id, task.secret),
        "eu-central-1",
        time.time_ns() // 1000,
    )
    lines = b"".join(b"%b: %b\r\n" % each for each in signed)
    return b"POST %b HTTP/1.1\r\n%b\r\n%b" % (path, lines, _BODY)


if __name__ == "__main__":
    uvloop.run(main())
