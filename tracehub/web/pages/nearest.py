"""What to try where no session matches: the nearest one in time, and what each single filter hides."""

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.listing import Filter
from tracehub.store import sessions
from tracehub.web.filters import read_filter
from tracehub.web.pages import addresses
from tracehub.web.pages.filter_bar import Chip
from tracehub.web.pages.moments import Moment, exact

MOST_COUNTED = 100
# Values of the list's address that are no filters.
LIST_KEYS = ("cursor", "sort", "done", "name")


class Way(msgspec.Struct, frozen=True):
    """A list that is not empty: `without` names the filter it lacks."""

    without: str
    found: str
    href: str


class Nearest(msgspec.Struct, frozen=True):
    """When the last session began that matches at any time, and the lists without one filter each."""

    latest: Moment | None
    latest_href: str | None
    ways: tuple[Way, ...]


def nearest(connection: Connection, filter: Filter, chips: tuple[Chip, ...], now: int) -> Nearest:
    """What lies near an empty list. One query per filter in use."""
    latest = href = None
    if filter.since is not None or filter.until is not None:
        found = sessions.page(connection, replace(filter, since=None, until=None), limit=1).rows
        if found:
            latest = exact(found[0].ordered_at)
            href = addresses.session(found[0].session_id)
    ways = []
    for chip in chips:
        rest = read_filter(QueryParams(chip.without.partition("?")[2]), now, also=LIST_KEYS)
        number = sessions.count(connection, rest, MOST_COUNTED + 1)
        if number:
            said = f"more than {MOST_COUNTED}" if number > MOST_COUNTED else f"{number:,}"
            ways.append(Way(f"{chip.name} {chip.value}", f"{said} session{'' if number == 1 else 's'}", chip.without))
    return Nearest(latest, href, tuple(ways))
