"""`tracehub import`: traces from files, folders or standard input."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import typer

from tracehub.cli.environment import read_settings
from tracehub.errors import DatabaseLockedError, PermanentError
from tracehub.model.listing import Counts

if TYPE_CHECKING:
    from tracehub.settings import Settings

CHUNK = 1024 * 1024
STDIN = "-"
Take = Callable[[Iterator[bytes], str], Iterator[Counts]]


class WayIn(NamedTuple):
    """How sources are taken in, and where a person sees them afterwards."""

    take: Take
    where: str


def import_(
    paths: list[str] = typer.Argument(
        help="Files, folders, or - for standard input; plain, gzip or zstd.", metavar="PATH…"
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as one JSON object."),
) -> None:
    """Import traces. Importing the same again changes nothing. Exit code 1 when anything was quarantined."""
    settings = read_settings()
    sources = list(sources_in(paths))
    with _way_in(settings) as way:
        total = import_sources(sources, way.take, quiet=as_json)
        where = way.where
    typer.echo(json.dumps(_as_dict(total)) if as_json else f"{summary(total)}\n{where}")
    if total.quarantined:
        raise typer.Exit(1)


def sources_in(paths: list[str]) -> Iterator[str]:
    """Every file named or lying in a named folder; PermanentError where a path does not exist."""
    for path in paths:
        place = Path(path)
        if path == STDIN or place.is_file():
            yield path
        elif place.is_dir():
            yield from (
                str(file) for file in sorted(place.rglob("*")) if file.is_file() and not file.name.startswith(".")
            )
        else:
            msg = f"{path}: no such file or folder"
            raise PermanentError(msg)


def import_sources(sources: list[str], take: Take, *, quiet: bool) -> Counts:
    """Imports each source in turn with a progress bar on a terminal; the sum of all counts."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from tracehub.pipeline.counting import total

    sizes = {source: Path(source).stat().st_size if source != STDIN else 0 for source in sources}
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    counts = Counts()
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("importing", total=sum(sizes.values()) or None)
        for source in sources:
            progress.update(task, description=Path(source).name if source != STDIN else "standard input")
            with opened(source) as file:
                chunks = _chunks(file, lambda size: progress.advance(task, size))
                counts = total([counts, *take(chunks, source)])
    return counts


def summary(counts: Counts) -> str:
    """What became of the records, in words."""
    lines = [
        f"{_many(counts.events, 'event')} of {_many(counts.traces, 'trace')} stored"
        + (f", {counts.duplicates:,} known already" if counts.duplicates else ""),
        f"{_many(counts.records, 'record')} read, {counts.ignored:,} without a trace ignored",
    ]
    if counts.quarantined:
        lines.append(
            f"{counts.quarantined:,} quarantined: they look like traces but cannot be read (tracehub quarantine list)"
        )
    return "\n".join(lines)


@contextmanager
def _way_in(settings: "Settings") -> Iterator[WayIn]:
    """Into the database; where a running tracehub serve owns it, through that server."""
    from tracehub.app import clock, open_app
    from tracehub.cli.forwarding import forward_to, serving_address
    from tracehub.pipeline.adding_up import catch_up

    try:
        with open_app(settings) as app:
            yield WayIn(
                lambda chunks, source: app.ingest.handle_chunks(chunks, source=source, received_at=clock()),
                "see them with `tracehub serve`",
            )
            catch_up(app.database)
    except DatabaseLockedError:
        address = serving_address(settings)
        if address is None:
            raise
        yield WayIn(forward_to(address, settings), f"see them at {address}/sessions")


@contextmanager
def opened(source: str) -> Iterator[IO[bytes]]:
    """The file, or standard input; PermanentError where it may not be read."""
    if source == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with Path(source).open("rb") as file:
            yield file
    except PermissionError as error:
        msg = f"{source}: {error.strerror}"
        raise PermanentError(msg) from error


def _chunks(file: IO[bytes], advance: Callable[[int], object]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        advance(len(chunk))
        yield chunk


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _as_dict(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in Counts.__struct_fields__}
