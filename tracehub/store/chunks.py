"""Splits long lists of keys, as databases bound the parameters of a statement."""

from collections.abc import Iterable, Iterator
from itertools import islice

MOST_KEYS = 900


def in_chunks(keys: Iterable[str], most: int = MOST_KEYS) -> Iterator[list[str]]:
    """The keys in lists of at most `most`."""
    remaining = iter(keys)
    while chunk := list(islice(remaining, most)):
        yield chunk
