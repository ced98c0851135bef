"""What the web needs from the rest of tracehub, handed in by the app."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, cast

import msgspec
from fastapi import Depends, Request
from fastapi.concurrency import contextmanager_in_threadpool
from sqlalchemy import Connection

from tracehub.alerting.delivery import Terms
from tracehub.analytics.knowledge import Knowledge
from tracehub.model.listing import Counts
from tracehub.model.proxy_key import IssuedKey, KeyTerms
from tracehub.model.record import Quarantined, Record
from tracehub.sealing import Sealer
from tracehub.settings import Settings
from tracehub.web.export.exports import Exports

# Fewer than the threads that answer requests, and than the connections of the pool.
MOST_READERS = 16


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """`reading` gives a connection for one request, `writing` a transaction; `take_in` returns when the records are
    durable, and `take_pushed` counts them for the pushing source of this name and kind, with what is for quarantine
    beside them; `try_again` reads a quarantined piece anew (whether it could be read); `issue_key` makes a key of the
    proxy, and `renew_key` a new secret for one, told for how many microseconds the one before stays good; `ready`
    raises TransientError where records cannot be taken; `waiting_bytes` is how much waits to be stored; `sealer` seals
    the secrets of channels, which are reached by `delivery`; `exports` is what can be done with destinations;
    `clock` is microseconds since 1970 UTC."""

    reading: Callable[[], AbstractContextManager[Connection]]
    writing: Callable[[], AbstractContextManager[Connection]]
    take_in: Callable[[Sequence[Record]], Counts]
    take_pushed: Callable[[Sequence[Record], str, str, Sequence[Quarantined]], Counts]
    try_again: Callable[[str], bool]
    issue_key: Callable[[KeyTerms], IssuedKey]
    renew_key: Callable[[str, int], IssuedKey]
    ready: Callable[[], None]
    sealer: Callable[[], Sealer]
    delivery: Terms
    exports: Exports
    waiting_bytes: Callable[[], int]
    knowledge: Knowledge
    settings: Settings
    clock: Callable[[], int]


def dependencies_of(request: Request) -> Dependencies:
    """The dependencies of the app that serves `request`."""
    return cast("Dependencies", request.app.state.dependencies)


async def _reading(request: Request) -> AsyncIterator[Connection]:
    """Waits here, without a thread, until few enough requests read: a connection must never wait for a thread while
    threads wait for connections."""
    readers = cast("asyncio.Semaphore", request.app.state.readers)
    async with readers, contextmanager_in_threadpool(dependencies_of(request).reading()) as connection:
        yield connection


Parts = Annotated[Dependencies, Depends(dependencies_of)]
Reading = Annotated[Connection, Depends(_reading)]
