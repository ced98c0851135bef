"""Which of a session's turns one page lists, and the way to the others."""

from collections.abc import Collection, Sequence

import msgspec

from tracehub.model.listing import TraceRow
from tracehub.web.pages import addresses

LISTED_TURNS = 100


class TurnPage(msgspec.Struct, frozen=True, kw_only=True):
    """Turns from number `first` on; `listed` is None where these are all."""

    first: int
    rows: tuple[TraceRow, ...]
    listed: str | None
    earlier: str | None
    later: str | None


def turn_page(
    session_id: str,
    every: Sequence[TraceRow],
    query: str,
    *,
    first: int,
    wanted: Collection[str] = (),
    most_events: int | None = None,
) -> TurnPage:
    """The turns from number `first` on, or those around the first wanted one; links keep `query`.

    Where a page must read what it shows from the events, it holds no more turns than `most_events` allow, but one.
    """
    begin = _begin(every, wanted, first)
    rows = every[begin : begin + LISTED_TURNS]
    if most_events is not None:
        rows = _affordable(rows, most_events)
    end = begin + len(rows)
    return TurnPage(
        first=begin + 1,
        rows=tuple(rows),
        listed=f"Turns {begin + 1:,} to {end:,} of {len(every):,}" if len(rows) < len(every) else None,
        earlier=addresses.turns_from(session_id, max(begin - LISTED_TURNS, 0) + 1, query) if begin else None,
        later=addresses.turns_from(session_id, end + 1, query) if end < len(every) else None,
    )


def _begin(rows: Sequence[TraceRow], wanted: Collection[str], first: int) -> int:
    place = next((place for place, row in enumerate(rows) if row.trace_id in wanted), None)
    if place is not None and len(rows) > LISTED_TURNS:
        return place - place % LISTED_TURNS
    return max(min(first, len(rows)) - 1, 0) if place is None else 0


def _affordable(rows: Sequence[TraceRow], most_events: int) -> Sequence[TraceRow]:
    events = 0
    for place, row in enumerate(rows):
        events += row.event_count
        if events > most_events:
            return rows[: max(place, 1)]
    return rows
