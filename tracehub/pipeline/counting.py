"""Adds up what became of records."""

from collections.abc import Iterable

from tracehub.model.listing import Counts


def total(counts: Iterable[Counts]) -> Counts:
    """The sum of `counts`."""
    sums = dict.fromkeys(Counts.__struct_fields__, 0)
    for count in counts:
        for name in sums:
            sums[name] += getattr(count, name)
    return Counts(**sums)
