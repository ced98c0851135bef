"""One version of a stored trace: what tells whether it was seen already."""

import msgspec


class Change(msgspec.Struct, frozen=True):
    """A trace as it was stored at `written_at` (microseconds, the database's clock), with so many events and steps."""

    trace_id: str
    session_id: str
    written_at: int
    event_count: int
    steps: int
