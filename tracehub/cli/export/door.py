"""How the commands below `tracehub export` reach destinations: the database, or the server that owns it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast
from urllib.parse import quote

from tracehub.cli.environment import read_settings
from tracehub.errors import DatabaseLockedError

Json = dict[str, object]


class Door(NamedTuple):
    """Each answers as the API does."""

    every: Callable[[], list[Json]]
    check: Callable[[str], Json]
    again: Callable[[str, str, bool], int]


@contextmanager
def door() -> Iterator[Door]:
    """Opens the database; where a running server owns it, asks that."""
    settings = read_settings()
    try:
        from tracehub.app import open_app

        with open_app(settings) as app:
            from tracehub.app.declaring import declare_destinations
            from tracehub.cli.export.opened import door_of

            declare_destinations(app)
            yield door_of(app)
            return
    except DatabaseLockedError:
        from tracehub.cli.forwarding import ask, serving_address

        address = serving_address(settings)
        if address is None:
            raise
    base = f"{address}/api/v1/destinations"
    yield Door(
        every=lambda: cast("list[Json]", ask(base, settings)["items"]),
        check=lambda name: ask(f"{base}/{quote(name)}/check", settings, {}),
        again=lambda name, words, only_new: cast(
            "int",
            ask(f"{base}/{quote(name)}/send-again", settings, {"traces": words, "only_new": only_new})["queued"],
        ),
    )
