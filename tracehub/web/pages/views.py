"""Saved views: lists of sessions under a name, for everyone who uses this tracehub."""

from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from tracehub.model.listing import SavedView
from tracehub.web.filters import FILTER_KEYS, BadQueryError, read_filter
from tracehub.web.pages.list_order import read_order
from tracehub.web.pages.visible import one_line

DONE = {"saved": "This list is saved as “{name}”.", "removed": "The view “{name}” is removed."}
LONGEST_NAME = 80
LONGEST_QUERY = 4000


class View(msgspec.Struct, frozen=True):
    """One saved view; `raw` is its name as it was given, `current` says that the page shows it."""

    name: str
    raw: str
    href: str
    current: bool


def views_of(saved: Iterable[SavedView], query: QueryParams) -> tuple[View, ...]:
    """The views as the page lists them."""
    shown = query_of(query)
    return tuple(
        View(
            one_line(view.name, LONGEST_NAME),
            view.name,
            f"/sessions?{view.query}" if view.query else "/sessions",
            view.query == shown,
        )
        for view in saved
    )


def query_of(query: QueryParams) -> str:
    """What of a list's address makes the view: its filters and its order."""
    return urlencode([(name, value) for name, value in query.multi_items() if value and name in (*FILTER_KEYS, "sort")])


def view_to_save(name: str, query: str, now: int) -> SavedView:
    """The view that a form asks for; BadQueryError where its name or its query cannot be one."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadQueryError("name", f"a name of 1 to {LONGEST_NAME} characters")
    if len(query) > LONGEST_QUERY:
        raise BadQueryError("query", "too long to be saved")
    asked = QueryParams(query)
    read_filter(asked, now, also=("sort",))
    read_order(asked)
    return SavedView(name=name, query=query_of(asked))
