"""The number of alerts that fire and are not silenced, in every page's header: asked for every few seconds at most."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from threading import Lock

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.types import ASGIApp, Receive, Scope, Send

from tracehub.alerting.silencing import silencing
from tracehub.errors import StoreUnavailableError
from tracehub.model.alert import AlertState
from tracehub.store import alert_questions, alert_silences, alerts

FRESH_SECONDS = 5.0
_current: ContextVar["Badge | None"] = ContextVar("badge", default=None)


class Badge:
    """The number as one app last knew it. One request at a time asks anew, so at most one connection is taken for it
    while pages hold theirs; the others see the number of before."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        clock: Callable[[], int],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reading = reading
        self._clock = clock
        self._seconds = seconds
        self._asking = Lock()
        self._asked_at: float | None = None
        self._firing = 0

    def firing(self) -> int:
        """How many fire, or did a moment ago; what was known before where the database does not answer."""
        now = self._seconds()
        fresh = self._asked_at is not None and now - self._asked_at < FRESH_SECONDS
        if fresh or not self._asking.acquire(blocking=False):
            return self._firing
        try:
            with self._reading() as connection:
                self._firing = _untold(connection, self._clock())
            self._asked_at = now
        except (DBAPIError, PoolTimeoutError, StoreUnavailableError):
            # The page itself says so, where it needs the database; one that does not is shown without.
            self._asked_at = now
        finally:
            self._asking.release()
        return self._firing


class ShowsBadge:
    """Lets the pages that answer a request know the badge of their app."""

    def __init__(self, app: ASGIApp, badge: Badge) -> None:
        self._app = app
        self._badge = badge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        _current.set(self._badge)
        await self._app(scope, receive, send)


def _untold(connection: Connection, now: int) -> int:
    """How many fire that no silence covers."""
    count = alert_questions.firing(connection)
    silences = alert_silences.ending_after(connection, now) if count else ()
    if not silences:
        return count
    found = alerts.every(connection, [AlertState.FIRING])
    return sum(1 for alert in found if silencing(alert.labels, silences, now) is None)


def firing() -> int:
    """How many alerts fire, of those that no silence covers, in the app whose page is rendered; 0 outside of any."""
    badge = _current.get()
    return badge.firing() if badge else 0
