"""What a collector tells of itself while it works."""

from collections.abc import Callable
from typing import Literal

import msgspec

# reading: going through what lies there already; following: up to date, waiting for more; waiting: told to slow down,
# or AWS does not answer; failing: a person has to change something.
State = Literal["reading", "following", "waiting", "failing"]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`read_until` (microseconds since 1970 UTC): everything before it was read; None where that is not known.

    `waiting` counts what is known to lie there unread (objects, messages), None where it is not known. `error` is in
    full, for a person.
    """

    state: State
    read_until: int | None = None
    waiting: int | None = None
    error: str | None = None


Tell = Callable[[Status], None]
