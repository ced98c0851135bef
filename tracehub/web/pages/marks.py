"""Marks where a text that is looked for stands in one that is shown."""

import re
from functools import lru_cache

import msgspec

from tracehub.web.pages.visible import one_line

_BEFORE = 40


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A part of a text; `hit` where it is what was looked for."""

    text: str
    hit: bool


def pieces(shown: str, find: str) -> tuple[Piece, ...]:
    """The shown text in pieces; none where it does not hold what is looked for, or nothing is."""
    if not find or not shown:
        return ()
    parts = _pattern(find).split(shown)
    if len(parts) == 1:
        return ()
    return tuple(Piece(part, place % 2 == 1) for place, part in enumerate(parts) if part)


def line_with(text: str, find: str, limit: int) -> str:
    """The text on one line of at most `limit` characters, from its beginning or else from shortly before the hit."""
    found = _pattern(find).search(text) if find else None
    if found is None or found.end() < limit:
        return one_line(text, limit)
    return one_line("…" + text[max(found.start() - _BEFORE, 0) :], limit)


def holds(text: str | None, find: str) -> bool:
    """Whether the text holds what is looked for, in any case."""
    return bool(text and find and _pattern(find).search(text))


@lru_cache(maxsize=64)
def _pattern(find: str) -> re.Pattern[str]:
    return re.compile(f"({re.escape(find)})", re.IGNORECASE)
