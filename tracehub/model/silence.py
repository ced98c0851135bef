"""Silences: alerts that nobody is to be told of for a while."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

MOST_PATTERN = 200


class Operator(StrEnum):
    """How a label is compared; `~` with a pattern that must match the whole value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    NOT_LIKE = "!~"


class Matcher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on one label; a label that is not there is the empty text.

    A pattern knows `*` (any text), `?` (one sign) and `|` (either): nothing that could take for ever.
    """

    label: Annotated[str, Meta(min_length=1, max_length=200)]
    operator: Operator = Operator.EQUAL
    value: Annotated[str, Meta(max_length=MOST_PATTERN)]


class Weekly(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A maintenance window: on these weekdays (0 is Monday) from `begins` to `ends` (minutes of the day, in the zone).

    Where `ends` is not later than `begins` it lasts into the next day.
    """

    weekdays: Annotated[tuple[Annotated[int, Meta(ge=0, le=6)], ...], Meta(min_length=1, max_length=7)]
    begins: Annotated[int, Meta(ge=0, lt=1440)]
    ends: Annotated[int, Meta(ge=0, lt=1440)]
    zone: str = "UTC"


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody is told of alerts that all `matchers` match, from `begins_at` until `ends_at`.

    With `weekly` only inside these hours, and `ends_at` may be None: for good. Times are microseconds since 1970 UTC.
    """

    silence_id: str
    matchers: tuple[Matcher, ...]
    begins_at: int
    ends_at: int | None
    author: str
    comment: str
    created_at: int
    weekly: Weekly | None = None
