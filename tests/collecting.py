"""A tracehub that collects, for tests: real readers over a real database, against stand-ins of AWS."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.stores import content, migrated
from tracehub.app import App, clock, open_app
from tracehub.app.running import collecting
from tracehub.model.record import Record
from tracehub.model.source import Source
from tracehub.settings import Settings
from tracehub.store import sources

PATIENCE = 180
Content = dict[str, list[dict[str, Any]]]


@contextmanager
def collecting_from(database_url: str, *declared: Source, **settings: object) -> Iterator[App]:
    """Collects from these sources, on a migrated database, until the block ends."""
    if not database_url.startswith("sqlite"):
        with migrated(database_url):
            pass
    given = {"log_settle_seconds": 0.5, "lease_seconds": 3, **settings}
    with open_app(Settings(database_url=database_url, **given)) as app:  # type: ignore[arg-type]
        with app.database.writing() as connection:
            for source in declared:
                sources.declare(connection, source, declared_in="ui", now=clock())
        with collecting(app):
            yield app


def until(true: Callable[[], bool], what: str) -> None:
    """Returns as soon as it is so; fails where it does not become so."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(0.02)


def settled(app: App, expected: object) -> bool:
    """Whether the store holds exactly these traces, spans and sessions."""
    return _timeless(content(app.database)) == expected


def imported(url: str, *files: bytes) -> Content:
    """What a store holds after these files were imported, each as one."""
    with open_app(Settings(database_url=url)) as app:
        for number, data in enumerate(files):
            app.ingest.handle([Record(data=data, source=f"file {number}", received_at=0)])
        return _timeless(content(app.database))


def _timeless(found: Content) -> Content:
    """Without the order of lists, which is the receipt's where the start is unknown; the start itself stays."""
    return {
        table: [{name: value for name, value in row.items() if name != "ordered_at"} for row in rows]
        for table, rows in found.items()
    }
