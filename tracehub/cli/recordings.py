"""Finds the recordings that `tracehub replay` is to serve."""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tracehub.errors import PermanentError

if TYPE_CHECKING:
    from tracehub.analytics.knowledge import Knowledge
    from tracehub.model.record import Limits
    from tracehub.replay.recording import Recording
    from tracehub.settings import Settings

_CHUNK = 1024 * 1024


def of_demo(limits: "Limits", knowledge: "Knowledge") -> list["Recording"]:
    """Those of the generator that `tracehub demo` shows."""
    from tracehub.cli.demo import SEED, SESSIONS
    from tracehub.demo.generate import generate, write
    from tracehub.replay.captured import captured

    lines = io.BytesIO()
    write(generate(seed=SEED, sessions=SESSIONS, until=datetime.now(UTC)), lines)
    lines.seek(0)
    return list(captured(_chunks(lines), "the demo", limits, knowledge).recordings)


def of_files(paths: list[str], limits: "Limits", knowledge: "Knowledge") -> list["Recording"]:
    """Those of the files in their order; PermanentError where a file cannot be read that was named itself."""
    from tracehub.cli.importing import opened, sources_in
    from tracehub.replay.captured import captured

    recordings: list[Recording] = []
    for source in sources_in(paths):
        with opened(source) as file:
            found = captured(_chunks(file), source, limits, knowledge)
        if found.unreadable and not found.recordings and source in paths:
            msg = f"{source} cannot be read: {found.unreadable[0]}"
            raise PermanentError(msg)
        if found.unreadable:
            count = len(found.unreadable)
            note(f"{source}: left out {count} that cannot be read, the first because {found.unreadable[0]}")
        if not found.recordings:
            note(f"{source}: no recorded call is in it")
        recordings += found.recordings
    if not recordings:
        msg = f"no recorded call is in {', '.join(paths)}"
        raise PermanentError(msg)
    return recordings


def of_database(settings: "Settings", knowledge: "Knowledge", latest: int) -> list["Recording"]:
    """Those of its latest sessions. Only reads, so the database may belong to a running `tracehub serve`."""
    from tracehub.replay.stored import stored
    from tracehub.store import migrate
    from tracehub.store.database import Database, parse_url

    url = parse_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        msg = f"there is no database {url.database} to replay: name files, set TRACEHUB_DATABASE_URL, or try --demo"
        raise PermanentError(msg)
    database = Database(url, owned=False)
    try:
        with database.reading() as connection:
            migrate.require_current(connection)
            recordings = list(stored(connection, knowledge, latest=latest))
    finally:
        database.close()
    if not recordings:
        msg = "the database holds no session to replay: name files, or try --demo"
        raise PermanentError(msg)
    return recordings


def note(text: str) -> None:
    """Tells a person what is not the command's output."""
    print(f"tracehub: {text}", file=sys.stderr)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
