"""Opens the database for a command that only reads, so that it may belong to a running `tracehub serve`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tracehub.errors import PermanentError

if TYPE_CHECKING:
    from tracehub.settings import Settings
    from tracehub.store.database import Database


@contextmanager
def reading_only(settings: "Settings") -> Iterator["Database"]:
    """The database; PermanentError where there is none, or its schema is not the one needed."""
    from tracehub.store import migrate
    from tracehub.store.database import Database, parse_url

    url = parse_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        msg = f"there is no database {url.database}: set TRACEHUB_DATABASE_URL, or import something first"
        raise PermanentError(msg)
    database = Database(url, owned=False)
    try:
        with database.reading() as connection:
            migrate.require_current(connection)
        yield database
    finally:
        database.close()
