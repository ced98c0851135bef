"""The filters of a list: their form, and a chip for each one in use."""

from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from tracehub.model.listing import Facets, Filter
from tracehub.model.span import Outcome
from tracehub.web.filters import BadQueryError, read_filter
from tracehub.web.pages.labels import OUTCOMES
from tracehub.web.pages.visible import one_line

SINCE = (("1h", "last hour"), ("24h", "last 24 hours"), ("7d", "last 7 days"), ("30d", "last 30 days"))
KEYS = ("q", "agent", "alias", "version", "outcome", "tool", "errors", "since", "until")


_NAMES = {"since": "started", "q": "search"}


class Option(msgspec.Struct, frozen=True):
    """One value to choose."""

    value: str
    text: str
    chosen: bool


class Choice(msgspec.Struct, frozen=True):
    """One field to filter by."""

    name: str
    label: str
    any: str
    options: tuple[Option, ...]


class Chip(msgspec.Struct, frozen=True):
    """One filter in use; `without` is the list's address without it."""

    name: str
    value: str
    without: str


class FilterBar(msgspec.Struct, frozen=True):
    """The filter form of the list at `action`. `searched` is what was typed, `problem` why it cannot be understood."""

    action: str
    searched: str
    problem: str | None
    choices: tuple[Choice, ...]
    errors: bool
    chips: tuple[Chip, ...]


def filter_bar(action: str, query: QueryParams, facets: Facets, problem: str | None = None) -> FilterBar:
    """The form as the query string fills it. Values of the query that no session has stay on offer."""
    return FilterBar(
        action,
        query.get("q", ""),
        problem,
        (
            _choice("agent", "Agent", "Any agent", ((name, name) for name in facets.agents), query),
            _choice("alias", "Alias", "Any alias", ((name, name) for name in facets.aliases), query),
            _choice("version", "Version", "Any version", ((name, name) for name in facets.versions), query),
            _choice("outcome", "Outcome", "Any outcome", ((o.value, OUTCOMES[o]) for o in Outcome), query),
            _choice("tool", "Tool", "Any tool", ((name, name) for name in facets.tools), query),
            _choice("since", "Started", "Any time", SINCE, query),
        ),
        query.get("errors") == "1",
        _chips(action, query),
    )


def understood(query: QueryParams, now: int, *, also: Iterable[str] = ()) -> tuple[Filter | None, str | None]:
    """The filter that the query string asks for; or, where what was typed into the search field is none, why not.

    What no form sends raises BadQueryError.
    """
    try:
        return read_filter(query, now, also=also), None
    except BadQueryError as error:
        if error.name != "q":
            raise
        return None, str(error).removeprefix("q: ")


def with_query(action: str, query: QueryParams, cursor: str | None) -> str | None:
    """The address of another page of the same list; None where there is none."""
    if cursor is None:
        return None
    return f"{action}?{urlencode([*_used(query), ('cursor', cursor)])}"


def _choice(name: str, label: str, any_text: str, offered: Iterable[tuple[str, str]], query: QueryParams) -> Choice:
    chosen = [value for value in query.getlist(name) if value]
    values = dict(offered)
    values |= {value: value for value in chosen if value not in values}
    options = tuple(Option(value, one_line(text, 60), value in chosen) for value, text in values.items())
    return Choice(name, label, any_text, options)


def _chips(action: str, query: QueryParams) -> tuple[Chip, ...]:
    used = _used(query)
    chips: list[Chip] = []
    for place, (name, value) in enumerate(used):
        rest = urlencode(used[:place] + used[place + 1 :])
        chips.append(
            Chip(
                _NAMES.get(name, name),
                one_line(_said(name, value), 60),
                f"{action}?{rest}" if rest else action,
            )
        )
    return tuple(chips)


def _used(query: QueryParams) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query.multi_items() if name in KEYS and value and value != "0"]


def _said(name: str, value: str) -> str:
    if name == "outcome":
        return OUTCOMES[Outcome(value)]
    if name == "errors":
        return "only"
    return dict(SINCE).get(value, value) if name == "since" else value
