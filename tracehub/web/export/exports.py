"""What the pages of destinations and the API can have done, handed in by the app."""

from collections.abc import Callable, Iterable

import msgspec

from tracehub.model.export_rows import Tried
from tracehub.model.listing import Filter


class Exports(msgspec.Struct, frozen=True, kw_only=True):
    """Each takes the name of a destination first, and raises NotFoundError where there is none.

    `try_out` sends a test trace; `resend` sends traces by their ids once more, `resend_matching` those that match;
    `backfill` sends those that match and were never sent. The last three say how many were put in the queue.
    """

    try_out: Callable[[str], Tried]
    resend: Callable[[str, Iterable[str]], int]
    resend_matching: Callable[[str, Filter], int]
    backfill: Callable[[str, Filter], int]
