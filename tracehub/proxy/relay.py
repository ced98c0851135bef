"""The proxy as an ASGI app: passes calls on to AWS and AWS's answers back, and keeps the traced ones beside that."""

import itertools
import time
from collections.abc import Callable
from uuid import uuid4

import aiohttp
import structlog
from starlette.types import Receive, Scope, Send

from tracehub.proxy.admission import Admission
from tracehub.proxy.answer_body import BrokenAnswerError
from tracehub.proxy.answers import answer
from tracehub.proxy.capture import Capture
from tracehub.proxy.exchange import Exchange
from tracehub.proxy.kept_request import kept_request
from tracehub.proxy.metrics import Metrics
from tracehub.proxy.operations import TRACED, Operation, operation_of
from tracehub.proxy.own_pages import PREFIX, OwnPages
from tracehub.proxy.requests import Body, CallerLeftError, read_body
from tracehub.proxy.signing import refusals
from tracehub.proxy.signing.refusals import RefusedError
from tracehub.proxy.terms import Terms
from tracehub.proxy.upstream import Upstreams
from tracehub.proxy.well_formed import require_well_formed
from tracehub.spool.writer import SpoolWriter

_log = structlog.get_logger(__name__)
# What aiohttp would add to a request that has none.
_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
# As long as Python's own client, and with it botocore, takes them.
_LONGEST_LINE = 64 * 1024


class Relay:
    """Takes every request of every connection. `clock` gives microseconds since 1970 UTC."""

    def __init__(
        self,
        admission: Admission,
        upstreams: Upstreams,
        spool: SpoolWriter,
        metrics: Metrics,
        pages: OwnPages,
        terms: Terms,
        clock: Callable[[], int],
    ) -> None:
        self._admission = admission
        self._upstreams = upstreams
        self._spool = spool
        self._metrics = metrics
        self._pages = pages
        self._terms = terms
        self._clock = clock
        self._numbers = itertools.count(1)
        self._session: aiohttp.ClientSession

    async def start(self) -> None:
        """Opens the pool of connections to AWS, in the loop that runs."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15, ttl_dns_cache=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self._terms.connect_seconds, sock_read=self._terms.silence_seconds
            ),
            auto_decompress=False,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            skip_auto_headers=_ADDED,
        )

    async def stop(self) -> None:
        """Closes the connections."""
        await self._session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["raw_path"].startswith(PREFIX):
            await self._pages.answer(scope["raw_path"], send)
            return
        self._metrics.running += 1
        try:
            await self._pass_on(scope, receive, send)
        except RefusedError as error:
            self._metrics.refused(error.code)
            _log.debug("refused", code=error.code, path=scope["raw_path"][:200].decode("latin-1"))
            await answer(send, *refusals.answer(error, str(uuid4())))
        except BrokenAnswerError as error:
            # Whose answer is not complete on return is cut by the server.
            _log.warning(str(error), path=scope["raw_path"][:200].decode("latin-1"))
        except CallerLeftError:
            self._metrics.callers_left += 1
        finally:
            self._metrics.running -= 1

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        require_well_formed(scope["method"], scope["raw_path"], scope["query_string"], scope["headers"])
        body = await read_body(scope, receive, self._terms.most_body_bytes, self._terms.body_seconds)
        began = time.perf_counter()
        arrived = self._clock()
        self._metrics.received_bytes += len(body.data)
        operation = operation_of(scope["method"], scope["raw_path"])
        admitted = self._admission.admit(scope, body.sha256, operation)
        upstream = await self._upstreams.of(*admitted)
        capture = None
        if operation is not None and operation.name in TRACED:
            capture = self._capture(operation, scope, body, arrived)
        name = operation.name if operation else None
        exchange = Exchange(self._session, self._metrics, self._terms, self._clock, capture, name, began)
        await exchange.run(scope, body, upstream, receive, send)

    def _capture(self, operation: Operation, scope: Scope, body: Body, arrived: int) -> Capture | None:
        """None where the request cannot be kept: the call goes on all the same."""
        try:
            opened = kept_request(operation, scope["headers"], body.data, self._terms.attributes)
            return Capture(self._spool, next(self._numbers), opened, arrived)
        except Exception:  # whatever is the matter with keeping, it must not reach the call
            _log.exception("a call could not be kept")
            self._metrics.not_kept += 1
            return None
