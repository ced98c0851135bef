"""Spans of tracehub's own work. They cost nothing and lead nowhere until telemetry.sdk is switched on.

No attribute may hold anything of a trace: numbers, names from code, templates of routes.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Value = str | int | float


class Started(Protocol):
    """A span that runs."""

    def note(self, **attributes: Value) -> None:
        """Adds what is known only now; underscores are dots in the exported name."""


class _Nothing:
    def note(self, **attributes: Value) -> None:
        """There is no span."""


Start = Callable[[str, Mapping[str, Value]], AbstractContextManager[Started]]
_NOTHING: AbstractContextManager[Started] = nullcontext(_Nothing())
_start: list[Start] = []


def span(name: str, **attributes: Value) -> AbstractContextManager[Started]:
    """A span from here to the end of the block, marked as an error where it raises; underscores of its attributes are
    dots in the exported names."""
    return _start[0](name, attributes) if _start else _NOTHING


def switch(start: Start | None) -> None:
    """From now on spans are started so; None switches them off."""
    _start[:] = [] if start is None else [start]
