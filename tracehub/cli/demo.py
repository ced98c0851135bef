"""`tracehub demo` and `tracehub demo-data`: synthetic sessions to look at and to test with."""

import io
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from tracehub.cli.environment import read_settings

if TYPE_CHECKING:
    from tracehub.app import App

SEED = 7
SESSIONS = 200


def demo(
    port: int | None = typer.Option(None, help="Port to listen on.", min=1, max=65535),
) -> None:
    """Load the synthetic demo sessions once, and serve them."""
    from tracehub.app import open_app
    from tracehub.app.running import adding_up, alerting
    from tracehub.cli.serving import serve_app

    settings = read_settings(port=port, host="127.0.0.1")
    with open_app(settings) as app:
        if _empty(app):
            typer.echo(f"loading {SESSIONS} synthetic demo sessions into {settings.database_url} …")
            _load(app)
        with adding_up(app), alerting(app):
            serve_app(app)


def demo_data(
    seed: int = typer.Option(SEED, help="The same seed gives the same sessions."),
    sessions: int = typer.Option(SESSIONS, help="How many sessions.", min=1),
    until: datetime | None = typer.Option(None, help="When the last session may begin (UTC); now by default."),
    days: int = typer.Option(5, help="Over how many days the sessions are spread.", min=1),
) -> None:
    """Write synthetic sessions as JSON lines to standard output, one InvokeAgent call a line."""
    from tracehub.demo.generate import generate, write

    end = (until or datetime.now(UTC)).replace(tzinfo=UTC)
    write(generate(seed=seed, sessions=sessions, until=end, days=days), sys.stdout.buffer)


def _empty(app: "App") -> bool:
    from tracehub.model.listing import Filter
    from tracehub.store import sessions

    with app.database.reading() as connection:
        return sessions.count(connection, Filter(), 1) == 0


def _load(app: "App") -> None:
    from tracehub.app import clock
    from tracehub.demo.generate import generate, write
    from tracehub.pipeline.adding_up import catch_up

    lines = io.BytesIO()
    write(generate(seed=SEED, sessions=SESSIONS, until=datetime.now(UTC)), lines)
    lines.seek(0)
    chunks = iter(lambda: lines.read(1024 * 1024), b"")
    for _ in app.ingest.handle_chunks(chunks, source="tracehub demo-data", received_at=clock()):
        pass
    catch_up(app.database)
