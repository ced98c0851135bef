"""Cursors: where a page begins, as one opaque word in the URL."""

import base64
import binascii
import re
from typing import TypedDict, TypeVar

import msgspec

from tracehub.model.listing import Key, Page
from tracehub.web.filters import BadQueryError

Row = TypeVar("Row")
LONGEST_CURSOR = 2000
_LARGEST = 2**63
_HEX = re.compile("(?:[0-9a-f]{2})+")


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A key, and whether the page goes on to newer rows from it."""

    key: Key
    newer: bool


def read_cursor(word: str | None, *, hex_ids: bool = False) -> Cursor | None:
    """The cursor that `word` spells; BadQueryError where it spells none, or with `hex_ids` one of another list."""
    if not word:
        return None
    try:
        cursor = _decoded(word[: LONGEST_CURSOR + 1])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        cursor = None
    if cursor is None or not -_LARGEST <= cursor.key.value < _LARGEST or "\x00" in cursor.key.id:
        raise BadQueryError("cursor", "not one that tracehub gave out")
    if hex_ids and not _HEX.fullmatch(cursor.key.id):
        raise BadQueryError("cursor", "one of another list")
    return cursor


def _decoded(word: str) -> Cursor:
    return msgspec.json.decode(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)), type=Cursor)


def write_cursor(key: Key | None, *, newer: bool) -> str | None:
    """The word for a page beside `key`, None where there is none."""
    if key is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(Cursor(key, newer))).decode().rstrip("=")


def cursors_of(page: Page[Row]) -> tuple[str | None, str | None]:
    """The words for the older and the newer page beside `page`."""
    return write_cursor(page.older, newer=False), write_cursor(page.newer, newer=True)


class Beside(TypedDict, total=False):
    """The keyword of the store's page functions that says where a page begins."""

    older_than: Key
    newer_than: Key


def keys_of(cursor: Cursor | None) -> Beside:
    """The cursor as the keyword that the store's page functions take."""
    if cursor is None:
        return {}
    return {"newer_than": cursor.key} if cursor.newer else {"older_than": cursor.key}
