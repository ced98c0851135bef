"""A JSON object or list as a tree that can be opened level by level."""

import json
from collections.abc import Iterator
from itertools import islice

import msgspec

from tracehub.web.pages.amounts import counted
from tracehub.web.pages.visible import visible

MOST_CHILDREN = 200
OPEN_LEVELS = 2
DEEPEST = 24
MOST_NODES = 4000
_LONGEST_KEY = 200


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One value. `children` is None for a plain one, whose text is `text`; `more` counts children not shown."""

    key: str | None
    text: str
    children: tuple["Node", ...] | None = None
    open: bool = False
    more: int = 0


class _Number(str):
    """A number as it was written: 1.0 stays 1.0, and a large one loses nothing."""

    __slots__ = ()


def json_tree(text: str) -> Node | None:
    """The tree of a text that is a JSON object or list and not too large to show, else None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
        return _Builder().node(None, value, 0)
    except (ValueError, RecursionError, _TooManyError):
        return None


class _TooManyError(Exception):
    """The tree would have more than MOST_NODES."""


class _Builder:
    def __init__(self) -> None:
        self._left = MOST_NODES

    def node(self, key: str | None, value: object, level: int) -> Node:
        self._left -= 1
        if self._left < 0:
            raise _TooManyError
        name = None if key is None else visible(key[:_LONGEST_KEY])
        match value:
            case dict() | list() if level >= DEEPEST:
                return Node(key=name, text="…")
            case dict():
                return self._branch(
                    name, counted(len(value), "key"), ((str(k), v) for k, v in value.items()), len(value), level
                )
            case list():
                items = ((str(place), item) for place, item in enumerate(value))
                return self._branch(name, counted(len(value), "item"), items, len(value), level)
            case _Number():
                return Node(key=name, text=visible(value))
            case _:
                return Node(key=name, text=visible(json.dumps(value, ensure_ascii=False)))

    def _branch(
        self, name: str | None, text: str, children: Iterator[tuple[str, object]], size: int, level: int
    ) -> Node:
        shown = tuple(self.node(key, value, level + 1) for key, value in islice(children, MOST_CHILDREN))
        return Node(key=name, text=text, children=shown, open=level < OPEN_LEVELS, more=max(size - MOST_CHILDREN, 0))
