"""What takes the log events that are found, and keeps the reader's position."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tracehub.model.collected import LogEvent, LogStream
from tracehub.model.listing import Counts


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a log group was read; times in microseconds since 1970 UTC.

    `swept` tells of each tier (by its span in seconds) when its last whole sweep began. `reached` is how far the first
    tier's unfinished sweep came, None where the last was finished.
    """

    swept: dict[str, int]
    reached: int | None = None


class Logs(Protocol):
    """One log group's way in."""

    def position(self) -> Position | None:
        """Where the last reader stopped; None where nothing was read yet."""

    def begin(self) -> int | None:
        """The time from which a person asked to collect again; None where the source's own `since` counts."""

    def take(self, found: Mapping[LogStream, Sequence[LogEvent]], position: Position) -> Counts:
        """Stores what is new and moves the position in the same transaction; returns when that is durable.

        LeaseLostError where another process reads the group by now.
        """
