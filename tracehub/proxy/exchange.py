"""One call: the request to AWS, and AWS's answer back to the caller, byte for byte as it comes."""

import asyncio
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import aiohttp
import structlog
from multidict import CIMultiDict
from starlette.types import Message, Receive, Scope, Send
from yarl import URL

from tracehub.bedrock.captured_call import Closed
from tracehub.proxy.answer_body import AnswerBody, BrokenAnswerError
from tracehub.proxy.capture import Capture
from tracehub.proxy.drain import Drain
from tracehub.proxy.forced_trace import TraceFilter, forced
from tracehub.proxy.metrics import Metrics
from tracehub.proxy.requests import Body
from tracehub.proxy.signing.refusals import RefusedError
from tracehub.proxy.signing.sign import sign
from tracehub.proxy.terms import Terms
from tracehub.proxy.upstream import Upstream

_log = structlog.get_logger(__name__)
_NOT_PASSED_BACK = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
# Said anew for this connection.
_SAID_ANEW = {b"host", b"content-length"}
# What is larger is written piece by piece, between the other calls.
_WRITTEN_AT_ONCE = 512 * 1024


class Exchange:
    """`began` is when the request was whole, by time.perf_counter; `operation` its name where it is known."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        metrics: Metrics,
        terms: Terms,
        clock: Callable[[], int],
        capture: Capture | None,
        operation: str | None,
        began: float,
    ) -> None:
        self._session = session
        self._metrics = metrics
        self._terms = terms
        self._clock = clock
        self._capture = capture
        self._operation = operation
        self._began = began
        self._filter: TraceFilter | None = None

    async def run(self, scope: Scope, body: Body, upstream: Upstream, receive: Receive, send: Send) -> None:
        """Passes the call on; BrokenAnswerError where AWS's answer breaks off, RefusedError where none comes."""
        closed = Closed(end="failed", error="the proxy was stopped in the middle of the call")
        gone = asyncio.ensure_future(receive())
        try:
            answered = await self._ask(scope, self._forced(body), upstream)
            try:
                closed = await self._pass_back(answered, gone, send)
            finally:
                # Unread, the connection is of no more use.
                if closed.end == "complete":
                    answered.release()
                else:
                    answered.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            closed = Closed(end="failed", error=f"AWS did not answer: {type(error).__name__}")
            self._metrics.broken += 1
            _log.warning("AWS did not answer", operation=self._operation, error=type(error).__name__)
            raise RefusedError(502, "BadGatewayException", "tracehub's proxy got no answer from AWS.") from None
        except BrokenAnswerError as error:
            closed = Closed(end="failed", error=str(error))
            self._metrics.broken += 1
            raise
        finally:
            gone.cancel()
            if self._capture is not None:
                self._capture.close(closed, self._clock())

    def _forced(self, body: Body) -> Body:
        """The body to send: with the trace asked for, where that is wanted and the caller did not."""
        if self._capture is None or not self._terms.force_trace:
            return body
        changed = forced(body.data)
        if changed is None:
            return body
        self._filter = TraceFilter()
        return Body.of(changed)

    async def _ask(self, scope: Scope, body: Body, upstream: Upstream) -> aiohttp.ClientResponse:
        method, path, query = scope["method"], scope["raw_path"], scope["query_string"]
        kept = [(name, value) for name, value in scope["headers"] if name not in _SAID_ANEW]
        kept.append((b"host", upstream.host))
        signed = sign(method, path, query, kept, body.sha256, upstream.credentials, upstream.region, self._clock())
        headers = CIMultiDict((name.decode(), value.decode()) for name, value in signed)
        target = path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        self._metrics.added(time.perf_counter() - self._began)
        return await self._session.request(
            method,
            URL(upstream.endpoint + target, encoded=True),
            headers=headers,
            data=_sent(body.data),
            allow_redirects=False,
        )

    async def _pass_back(self, answered: aiohttp.ClientResponse, gone: "asyncio.Future[Message]", send: Send) -> Closed:
        headers = list(_passed_back(answered.status, answered.raw_headers))
        at = self._clock()
        if self._capture is not None:
            self._capture.answered(answered.status, headers, at)
        if self._filter is not None:
            if "eventstream" in answered.headers.get("Content-Type", ""):
                headers = [each for each in headers if each[0] != b"content-length"]
            else:
                self._filter = None
        self._metrics.called(self._operation, answered.status)
        await send({"type": "http.response.start", "status": answered.status, "headers": headers})
        body = AnswerBody(answered.content)
        if await self._stream(body, gone, send):
            return await self._drained(body)
        if self._filter is not None and (rest := self._filter.close()):
            await send({"type": "http.response.body", "body": rest, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return Closed(end="complete")

    async def _stream(self, body: AnswerBody, gone: "asyncio.Future[Message]", send: Send) -> bool:
        """Passes the body back to its end, or until the caller leaves, be AWS silent then: whether it did."""
        streaming = _Interrupted()
        gone.add_done_callback(streaming.interrupt)
        try:
            async with streaming.timeout:
                while data := await body.next():
                    self._keep(data)
                    passed = data if self._filter is None else self._filter.feed(data)
                    if passed:
                        await send({"type": "http.response.body", "body": passed, "more_body": True})
        except TimeoutError:
            self._metrics.callers_left += 1
            return True
        finally:
            gone.remove_done_callback(streaming.interrupt)
        return False

    async def _drained(self, body: AnswerBody) -> Closed:
        """Reads a traced answer on; any other is of no use to anybody."""
        stopped = Closed(end="stopped", caller_left=True)
        if self._capture is None:
            return stopped
        drain = Drain(self._terms, self._metrics)
        try:
            while True:
                data = await drain.next(body)
                if not data:
                    return stopped if data is None else Closed(end="complete", caller_left=True)
                self._keep(data)
        finally:
            drain.end()

    def _keep(self, data: bytes) -> None:
        self._metrics.sent_bytes += len(data)
        if self._capture is not None:
            self._capture.data(data, self._clock())


class _Interrupted:
    """Ends a block when something else happens: the block then raises TimeoutError."""

    def __init__(self) -> None:
        self.timeout = asyncio.timeout(None)

    def interrupt(self, _: object) -> None:
        # Where the block has ended in the same turn of the loop there is nothing to end.
        with suppress(RuntimeError):
            self.timeout.reschedule(asyncio.get_running_loop().time())


def _sent(body: bytes) -> bytes | io.BytesIO | None:
    if not body:
        return None
    return body if len(body) <= _WRITTEN_AT_ONCE else io.BytesIO(body)


def _passed_back(status: int, headers: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Without what is of AWS's connection alone, and without the length of a body that a 304 does not bring."""
    dropped = _NOT_PASSED_BACK | {b"content-length"} if status == 304 else _NOT_PASSED_BACK
    lowered = [(name.lower(), value) for name, value in headers]
    for name, value in lowered:
        if name == b"connection":
            dropped = dropped | {word.strip().lower() for word in value.split(b",")}
    return (each for each in lowered if each[0] not in dropped)
