"""Reads members of parsed JSON without trusting their types: what is not of the asked type counts as absent."""

from typing import cast

Json = dict[str, object]

_INT_BOUND = 2**63


def text(parent: Json, name: str) -> str | None:
    """The string at `name`, or None."""
    value = parent.get(name)
    return value if isinstance(value, str) else None


def integer(parent: Json, name: str) -> int | None:
    """The whole number at `name` if it fits 64 bits, or None; booleans are no numbers."""
    value = parent.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and -_INT_BOUND <= value < _INT_BOUND:
        return value
    return None


def flag(parent: Json, name: str) -> bool | None:
    """The boolean at `name`, or None."""
    value = parent.get(name)
    return value if isinstance(value, bool) else None


def mapping(parent: Json, name: str) -> Json:
    """The object at `name`, or an empty one."""
    value = parent.get(name)
    return cast("Json", value) if isinstance(value, dict) else {}


def mappings(parent: Json, name: str) -> list[Json]:
    """The objects of the list at `name`; a lone object counts as a list of one, other members are left out."""
    value = parent.get(name)
    if isinstance(value, dict):
        return [cast("Json", value)]
    if not isinstance(value, list):
        return []
    return [cast("Json", item) for item in value if isinstance(item, dict)]


def texts(parent: Json, name: str) -> tuple[str, ...]:
    """The strings of the list at `name`."""
    value = parent.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
