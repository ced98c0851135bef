"""What the web needs from the rest of tracehub, handed in by the app."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, cast

import msgspec
from fastapi import Depends, Request
from sqlalchemy import Connection

from tracehub.analytics.knowledge import Knowledge
from tracehub.model.listing import Counts
from tracehub.model.record import Record
from tracehub.settings import Settings


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """`reading` gives a connection for one request; `take_in` returns when the records are durable; `ready` raises
    TransientError where records cannot be taken; `clock` is microseconds since 1970 UTC."""

    reading: Callable[[], AbstractContextManager[Connection]]
    take_in: Callable[[Sequence[Record]], Counts]
    ready: Callable[[], None]
    knowledge: Knowledge
    settings: Settings
    clock: Callable[[], int]


def dependencies_of(request: Request) -> Dependencies:
    """The dependencies of the app that serves `request`."""
    return cast("Dependencies", request.app.state.dependencies)


def _reading(request: Request) -> Iterator[Connection]:
    with dependencies_of(request).reading() as connection:
        yield connection


Parts = Annotated[Dependencies, Depends(dependencies_of)]
Reading = Annotated[Connection, Depends(_reading)]
