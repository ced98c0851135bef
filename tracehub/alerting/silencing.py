"""Whether a silence keeps people from being told of an alert, and until when."""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracehub.errors import PermanentError
from tracehub.model.silence import MOST_PATTERN, Matcher, Operator, Silence, Weekly

_SECOND = 1_000_000
_WRITTEN = re.compile(r"\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


def silencing(labels: Mapping[str, str], silences: Iterable[Silence], now: int) -> Silence | None:
    """The silence that holds for an alert with these labels at `now` (microseconds since 1970 UTC)."""
    return next((silence for silence in silences if active(silence, now) and matches(labels, silence)), None)


def active(silence: Silence, now: int) -> bool:
    """Whether it holds now."""
    if now < silence.begins_at or (silence.ends_at is not None and now >= silence.ends_at):
        return False
    return silence.weekly is None or _inside(silence.weekly, now)


def matches(labels: Mapping[str, str], silence: Silence) -> bool:
    """Whether all of its matchers match."""
    return all(_matches(labels.get(matcher.label, ""), matcher) for matcher in silence.matchers)


def read_matcher(written: str) -> Matcher:
    """`tool=book_room`, `tool!=x`, `tool=~book_*`, `agent!~a|b`; PermanentError where it is none of these."""
    found = _WRITTEN.fullmatch(written)
    if found is None:
        msg = f"{written[:100]!r} is no condition: write label=value, label!=value, label=~pattern or label!~pattern"
        raise PermanentError(msg)
    label, operator, value = found.groups()
    value = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if len(label) > MOST_PATTERN or len(value) > MOST_PATTERN:
        msg = f"a condition has at most {MOST_PATTERN} characters on each side"
        raise PermanentError(msg)
    return Matcher(label=label, operator=Operator(operator), value=value)


def check(silence: Silence) -> None:
    """PermanentError where it can never hold, or would hold for everything by mistake."""
    if not silence.matchers and silence.weekly is None:
        msg = "a silence needs at least one condition: without any, nobody would be told of anything"
        raise PermanentError(msg)
    if silence.ends_at is None and silence.weekly is None:
        msg = "a silence needs an end"
        raise PermanentError(msg)
    if silence.ends_at is not None and silence.ends_at <= silence.begins_at:
        msg = "a silence must end after it begins"
        raise PermanentError(msg)
    if not silence.author.strip():
        msg = "a silence needs an author: whom to ask"
        raise PermanentError(msg)
    if silence.weekly is not None:
        zone_of(silence.weekly.zone)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this IANA name; PermanentError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"there is no time zone {name[:100]!r}: write a name such as Europe/Berlin"
        raise PermanentError(msg) from error


def _matches(value: str, matcher: Matcher) -> bool:
    match matcher.operator:
        case Operator.EQUAL:
            return value == matcher.value
        case Operator.NOT_EQUAL:
            return value != matcher.value
        case Operator.LIKE:
            return _pattern(matcher.value).fullmatch(value) is not None
        case Operator.NOT_LIKE:
            return _pattern(matcher.value).fullmatch(value) is None


@lru_cache(maxsize=1000)
def _pattern(written: str) -> re.Pattern[str]:
    """fnmatch's translation does not backtrack across stars; brackets are text here."""
    parts = (fnmatch.translate(part.replace("[", "[[]")) for part in written.split("|"))
    return re.compile("|".join(f"(?:{part})" for part in parts))


def _inside(weekly: Weekly, now: int) -> bool:
    """By the wall clock of the zone, so that a window moves with daylight saving as its people do."""
    moment = datetime.fromtimestamp(now // _SECOND, zone_of(weekly.zone))
    minute = moment.hour * 60 + moment.minute
    today, yesterday = moment.weekday(), (moment - timedelta(days=1)).weekday()
    if weekly.begins < weekly.ends:
        return today in weekly.weekdays and weekly.begins <= minute < weekly.ends
    return (today in weekly.weekdays and minute >= weekly.begins) or (
        yesterday in weekly.weekdays and minute < weekly.ends
    )
