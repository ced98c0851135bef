"""The filters of a list: their form, and a chip for each one in use."""

from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from tracehub.model.listing import Facets, Filter
from tracehub.model.span import Outcome
from tracehub.web.filters import FILTER_KEYS, BadQueryError, read_filter
from tracehub.web.pages.durations import milliseconds
from tracehub.web.pages.labels import OUTCOMES
from tracehub.web.pages.short_names import model_name
from tracehub.web.pages.visible import one_line

SINCE = (("1h", "last hour"), ("24h", "last 24 hours"), ("7d", "last 7 days"), ("30d", "last 30 days"))
KEYS = FILTER_KEYS
NAMES = {
    "q": "search",
    "since": "started",
    "until": "before",
    "active_since": "a turn since",
    "active_until": "a turn before",
    "kb": "knowledge base",
    "min_ms": "at least",
    "min_cost": "cost at least",
}


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


class Amount(msgspec.Struct, frozen=True):
    """A field for a number."""

    name: str
    label: str
    value: str
    hint: str


class Chip(msgspec.Struct, frozen=True):
    """One filter in use; `without` is the list's address without it."""

    name: str
    value: str
    without: str


class FilterBar(msgspec.Struct, frozen=True):
    """The filter form of the list at `action`.

    `searched` is what was typed to be found, None where one cannot search, and `problem` why it cannot be understood.
    `more` and `amounts` are folded until `more_used`. `errors` is None where one cannot ask for errors only; `kept` are
    values of the address that are no filters; `words` are fields for a word: name, label and value.
    """

    action: str
    searched: str | None
    problem: str | None
    choices: tuple[Choice, ...]
    more: tuple[Choice, ...]
    amounts: tuple[Amount, ...]
    more_used: bool
    errors: bool | None
    chips: tuple[Chip, ...]
    kept: tuple[tuple[str, str], ...] = ()
    words: tuple[tuple[str, str, str], ...] = ()


def filter_bar(
    action: str, query: QueryParams, facets: Facets, problem: str | None = None, *, kept: Iterable[str] = ()
) -> FilterBar:
    """The form as the query string fills it. Values of the query that no session has stay on offer."""
    values = tuple((name, value) for name in kept for value in query.getlist(name) if value)
    more = (
        _choice("alias", "Alias", "Any alias", _themselves(facets.aliases), query),
        _choice("version", "Version", "Any version", _themselves(facets.versions), query),
        _choice("kb", "Knowledge base", "Any", _themselves(facets.knowledge_bases), query),
        _choice("model", "Model", "Any model", ((name, model_name(name)) for name in facets.models), query),
    )
    amounts = (
        Amount("min_ms", "At least (ms)", query.get("min_ms", ""), "Least duration in milliseconds"),
        Amount("min_cost", "Cost at least ($)", query.get("min_cost", ""), "Least cost in US dollars"),
    )
    return FilterBar(
        action=action,
        searched=query.get("q", ""),
        problem=problem,
        choices=(
            _choice("agent", "Agent", "Any agent", _themselves(facets.agents), query),
            _choice("outcome", "Outcome", "Any outcome", ((o.value, OUTCOMES[o]) for o in Outcome), query),
            _choice("tool", "Tool", "Any tool", _themselves(facets.tools), query),
            _choice("since", "Started", "Any time", SINCE, query),
        ),
        more=more,
        amounts=amounts,
        more_used=any(query.get(field.name) for field in (*more, *amounts)),
        errors=query.get("errors") == "1",
        chips=_chips(action, query, values),
        kept=values,
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
    others = [(name, value) for name, value in query.multi_items() if name in ("sort", "by") and value]
    return f"{action}?{urlencode([*_used(query), *others, ('cursor', cursor)])}"


def _choice(name: str, label: str, any_text: str, offered: Iterable[tuple[str, str]], query: QueryParams) -> Choice:
    chosen = [value for value in query.getlist(name) if value]
    values = dict(offered)
    values |= {value: value for value in chosen if value not in values}
    options = tuple(Option(value, one_line(text, 60), value in chosen) for value, text in values.items())
    return Choice(name, label, any_text, options)


def _themselves(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((name, name) for name in names)


def _chips(action: str, query: QueryParams, kept: tuple[tuple[str, str], ...]) -> tuple[Chip, ...]:
    used = _used(query)
    chips: list[Chip] = []
    for place, (name, value) in enumerate(used):
        rest = urlencode([*used[:place], *used[place + 1 :], *kept])
        chips.append(
            Chip(
                NAMES.get(name, name),
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
    if name == "min_ms":
        return milliseconds(float(value))
    if name == "min_cost":
        return f"${value}"
    return dict(SINCE).get(value, value) if name == "since" else value
