"""Reads a filter from a query string; what is unknown or malformed is refused by name."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from starlette.datastructures import QueryParams

from tracehub.errors import PermanentError
from tracehub.model.listing import Filter
from tracehub.model.search.query import Query, QuerySyntaxError, parse_query
from tracehub.model.span import Outcome

FILTER_KEYS = (
    "q",
    "agent",
    "alias",
    "version",
    "outcome",
    "tool",
    "kb",
    "model",
    "errors",
    "min_ms",
    "min_cost",
    "since",
    "until",
    "active_since",
    "active_until",
)
MOST_VALUES = 50
LONGEST_VALUE = 500
_RELATIVE = re.compile(r"(\d{1,5})(m|h|d|w)")
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,9})?")
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadQueryError(PermanentError):
    """A query parameter cannot be understood; `name` is its key."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


def read_filter(query: QueryParams, now: int, *, also: Iterable[str] = ()) -> Filter:
    """The filter that `query` asks for; keys in `also` are other people's. Empty values are no condition.

    BadQueryError names the parameter that is unknown or malformed. `now` (microseconds) is what `24h` counts from.
    """
    known = {*FILTER_KEYS, *also}
    for name in query:
        if name not in known:
            raise BadQueryError(name[:50], "there is no such parameter")
    values = {name: _values(query, name) for name in FILTER_KEYS}
    return Filter(
        agents=values["agent"],
        aliases=values["alias"],
        versions=values["version"],
        tools=values["tool"],
        outcomes=tuple(_outcome(value) for value in values["outcome"]),
        knowledge_bases=values["kb"],
        models=values["model"],
        errors=_flag(values),
        min_us=None if (least := _amount(values, "min_ms", "milliseconds")) is None else round(least * 1000),
        min_cost=_amount(values, "min_cost", "US dollars"),
        since=_moment(values, "since", now),
        until=_moment(values, "until", now),
        q=_searched(values["q"]),
        active_since=_moment(values, "active_since", now),
        active_until=_moment(values, "active_until", now),
    )


def _values(query: QueryParams, name: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(value for value in query.getlist(name) if value))
    if len(values) > MOST_VALUES:
        raise BadQueryError(name, f"at most {MOST_VALUES} values")
    for value in values:
        if len(value) > LONGEST_VALUE or "\x00" in value or not _encodable(value):
            raise BadQueryError(name, f"not a text of at most {LONGEST_VALUE} characters")
    return values


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _outcome(value: str) -> Outcome:
    try:
        return Outcome(value)
    except ValueError:
        raise BadQueryError("outcome", f"one of {', '.join(Outcome)}") from None


def _flag(values: Mapping[str, tuple[str, ...]]) -> bool:
    match values["errors"]:
        case () | ("0",):
            return False
        case ("1",):
            return True
        case _:
            raise BadQueryError("errors", "0 or 1")


def _amount(values: Mapping[str, tuple[str, ...]], name: str, unit: str) -> float | None:
    if not values[name]:
        return None
    value = values[name][0]
    if len(values[name]) > 1 or not _AMOUNT.fullmatch(value):
        raise BadQueryError(name, f"one number of {unit}, such as 1500 or 0.25")
    return float(value)


def _searched(values: tuple[str, ...]) -> Query | None:
    if not any(value.strip() for value in values):
        return None
    if len(values) > 1:
        raise BadQueryError("q", "only once")
    try:
        return parse_query(values[0])
    except QuerySyntaxError as error:
        raise BadQueryError("q", str(error)) from error


def _moment(values: Mapping[str, tuple[str, ...]], name: str, now: int) -> int | None:
    if not values[name]:
        return None
    if len(values[name]) > 1:
        raise BadQueryError(name, "only once")
    value = values[name][0]
    if relative := _RELATIVE.fullmatch(value):
        return max(0, now - int(relative[1]) * _UNITS[relative[2]] * 1_000_000)
    try:
        # A plus sign that was not encoded arrives as a space.
        moment = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
    except ValueError:
        raise BadQueryError(name, "a time such as 2026-11-20T08:00:00Z, or 24h, 7d") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _EPOCH <= moment < _LATEST:
        raise BadQueryError(name, "a time between 1970 and 2100")
    return (moment - _EPOCH) // timedelta(microseconds=1)
