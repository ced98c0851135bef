"""The two streams: steps as they arrive, and the turns of one session that change."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import msgspec
import structlog

from tracehub.model.listing import Filter, SpanRow
from tracehub.web.live import sse
from tracehub.web.live.feed import Feed
from tracehub.web.live.rows import rendered
from tracehub.web.live.subscribers import UNREADABLE, Subscriber, Subscribers

_log = structlog.get_logger(__name__)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Who may listen for how long: `admitted` is asked again and again, `clock` is microseconds since 1970 UTC.

    A session that is `silent_seconds` long silent does not run, see store/changes.py.
    """

    clock: Callable[[], int]
    admitted: Callable[[], bool]
    heartbeat_seconds: float = 15.0
    silent_seconds: float = 130.0


async def steps(subscribers: Subscribers, filter: Filter, after: int | None, terms: Terms) -> AsyncIterator[str]:
    """Steps of what matches, as rows of the page: first those that came after the cursor `after`."""
    yield sse.begin()
    with _joined(subscribers, Subscriber(filter)) as (me, feed):
        replayed: set[SpanRow] = set()
        if after is not None:
            news = await asyncio.to_thread(feed.replay, filter, after)
            replayed.update(step.span for step in news.steps)
            if news.gap:
                yield sse.message("gap")
            if news.steps:
                yield sse.message("steps", rendered(news.steps, terms.clock()), news.cursor)
            yield sse.message("here", cursor=news.cursor)
        else:
            yield sse.message("here")
        async for beat in _heard(me, terms):
            if beat:
                yield beat
                continue
            came = [step for step in me.steps if step.span not in replayed]
            missed, gap, cursor = me.missed, me.gap, me.cursor
            me.steps.clear()
            me.missed, me.gap = 0, False
            if gap:
                yield sse.message("gap")
            if missed:
                yield sse.message("missed", str(missed))
            if came:
                yield sse.message("steps", rendered(came, terms.clock()), cursor)


async def turns(subscribers: Subscribers, session_id: str, after: int, terms: Terms) -> AsyncIterator[str]:
    """The ids of a session's turns that changed since the cursor `after`; the stream is done when the session rests."""
    yield sse.begin()
    with _joined(subscribers, Subscriber(session_id=session_id)) as (me, feed):
        news = await asyncio.to_thread(feed.changes_of, session_id, after)
        me.changed.update(dict.fromkeys(change.trace_id for change in news.changes))
        yield sse.message("here", cursor=news.cursor)
        if me.changed:
            yield _changed(me)
        last = terms.clock()
        async for beat in _heard(me, terms):
            if not beat:
                last = terms.clock()
                yield _changed(me)
            elif terms.clock() - last > terms.silent_seconds * 1_000_000:
                yield sse.message("done")
                return
            else:
                yield beat


def _changed(me: Subscriber) -> str:
    trace_ids = " ".join(me.changed)
    me.changed.clear()
    return sse.message("turns", trace_ids, me.cursor)


async def _heard(me: Subscriber, terms: Terms) -> AsyncIterator[str]:
    """Each time something was heard an empty text, else now and then a sign of life; ends when the subscriber ends, or
    may not listen any more."""
    while True:
        heard = await me.wait(terms.heartbeat_seconds)
        if me.ended:
            return
        if not terms.admitted():
            yield sse.message("signedout")
            return
        yield "" if heard else sse.HEARTBEAT


@contextmanager
def _joined(subscribers: Subscribers, me: Subscriber) -> Iterator[tuple[Subscriber, Feed]]:
    feed = subscribers.join(me)
    try:
        yield me, feed
    except UNREADABLE as error:
        # The browser sees the stream end, says so, and tries again.
        _log.warning("a live stream ends: the store cannot be read", error=str(error))
    finally:
        subscribers.leave(me)
