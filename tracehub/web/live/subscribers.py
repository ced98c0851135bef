"""Who listens to what arrives: one poller for all of them, alive only while there are some."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tracehub.errors import TracehubError
from tracehub.model.listing import Filter
from tracehub.web.live.feed import EVERYTHING, Feed, News, Step

_log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
MOST_WAITING = 500
UNREADABLE = (TracehubError, DBAPIError, PoolTimeoutError)


class Subscriber:
    """One stream. What waits for it is bounded: the oldest steps make room, and are counted in `missed`.

    It listens to the steps of traces that match `filter`, or, with a `session_id`, to the traces of that session that
    change. `ended` says that nothing more will come.
    """

    def __init__(self, filter: Filter = EVERYTHING, session_id: str | None = None) -> None:
        self.filter = filter
        self.session_id = session_id
        self.steps: deque[Step] = deque()
        self.changed: dict[str, None] = {}
        self.missed = 0
        self.gap = False
        self.cursor: int | None = None
        self.ended = False
        self._news = asyncio.Event()

    def hear(self, news: News) -> None:
        """Keeps what concerns it."""
        if self.session_id is not None:
            mine = [change.trace_id for change in news.changes if change.session_id == self.session_id]
            self.changed.update(dict.fromkeys(mine))
            heard = bool(mine)
        else:
            matches = news.matches.get(self.filter, ())
            steps = [step for step in news.steps if step.trace.trace_id in matches]
            unread = sum(number for trace_id, number in news.unread.items() if trace_id in matches)
            self.steps.extend(steps)
            self.missed += unread
            self.gap = self.gap or news.gap
            heard = bool(steps or unread or news.gap)
        while len(self.steps) > MOST_WAITING:
            self.steps.popleft()
            self.missed += 1
        if heard:
            self.cursor = news.cursor
            self._news.set()

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._news.set()

    async def wait(self, seconds: float) -> bool:
        """Waits for something to hear; whether there was."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class Subscribers:
    """Belongs to one event loop. After `close` every stream ends at once."""

    def __init__(
        self, reading: Callable[[], AbstractContextManager[Connection]], *, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._reading = reading
        self._poll_seconds = poll_seconds
        self._subscribers: set[Subscriber] = set()
        self._feed: Feed | None = None
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._subscribers)

    @property
    def polling(self) -> bool:
        """Whether the store is being asked."""
        return self._poller is not None

    def join(self, subscriber: Subscriber) -> Feed:
        """From now on it hears what arrives; the feed that tells it."""
        if self._feed is None:
            self._feed = Feed(self._reading)
        if self._closed:
            subscriber.end()
            return self._feed
        self._subscribers.add(subscriber)
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll(self._feed))
        return self._feed

    def leave(self, subscriber: Subscriber) -> None:
        """It hears no more; the last one stops the poller."""
        self._subscribers.discard(subscriber)
        if not self._subscribers and self._poller is not None:
            self._poller.cancel()
            self._poller, self._feed = None, None

    def close(self) -> None:
        """Ends every stream, now and later: the server stops."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber.end()
            self.leave(subscriber)

    async def _poll(self, feed: Feed) -> None:
        while True:
            filters = {each.filter for each in self._subscribers if each.session_id is None}
            try:
                news = await asyncio.to_thread(feed.poll, filters)
            except UNREADABLE as error:
                # Whoever listens hears that the stream ends, and tries again.
                _log.warning("the live streams end: the store cannot be read", error=str(error))
                self._end()
                return
            for subscriber in self._subscribers:
                subscriber.hear(news)
            await asyncio.sleep(self._poll_seconds)
