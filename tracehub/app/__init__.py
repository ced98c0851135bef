"""The only place that builds objects and connects them."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.exc import DBAPIError

from tracehub.analytics.knowledge import Knowledge, load_knowledge
from tracehub.errors import StoreUnavailableError
from tracehub.model.proxy_key import IssuedKey, KeyTerms
from tracehub.model.record import Limits
from tracehub.pipeline.ingest import Ingest
from tracehub.pipeline.log_intake import LogIntake
from tracehub.pipeline.pushed import PushedIntake
from tracehub.pipeline.requarantine import try_again
from tracehub.pipeline.writer import Writer
from tracehub.proxy.issuing import issue, renew
from tracehub.proxy.master import master_for
from tracehub.sealing import Sealer
from tracehub.settings import Settings
from tracehub.store import migrate, proxy_keys
from tracehub.store.database import Database, parse_url

if TYPE_CHECKING:
    from fastapi import FastAPI


COLLECT_AFTER = (100_000, 20, 100)


class Worker(Protocol):
    """Something that runs in threads beside."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...


class App:
    """One process's parts. `ingest` takes records in, `database` is read by pages and commands."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.knowledge = load_knowledge(settings.prices_file, settings.tool_error_rules_file)
        self.limits = limits_of(settings)
        self.writer = Writer(database, self.knowledge, queue_bytes=settings.queue_bytes)
        self.logs = LogIntake(database, self.writer, self.limits, clock)
        self.ingest = Ingest(self.writer, self.logs, self.limits)
        # What runs beside, and in which words it is missed.
        self.workers: dict[str, Worker] = {}

    def announce(self, address: str) -> None:
        """Tells other processes that look at the SQLite database where this one serves it."""
        if self.database.lock:
            self.database.lock.announce(address)

    def try_again(self, sha256: str) -> bool:
        """Reads a quarantined piece anew; whether it could be read. NotFoundError where there is none."""
        return try_again(self.database, self.knowledge, self.limits, sha256, now=clock())

    def issue_key(self, terms: KeyTerms) -> IssuedKey:
        """A new key for callers of the proxy; PermanentError where the master secret is not that of the other keys."""
        with self.database.writing() as connection:
            return issue(connection, terms, partial(master_for, self.settings), now=clock(), entropy=os.urandom(15))

    def renew_key(self, key_id: str, overlap: int) -> IssuedKey:
        """A new secret for a key; the one before stays good for `overlap` microseconds. NotFoundError where there is no
        such key."""
        with self.database.writing() as connection:
            return renew(connection, key_id, partial(master_for, self.settings), overlap=overlap, now=clock())

    def sealer(self) -> Sealer:
        """Seals and opens secrets that were entered; PermanentError where the master secret is not the right one."""
        with self.database.reading() as connection:
            return Sealer(master_for(self.settings, proxy_keys.every(connection)))

    def ready(self) -> None:
        """StoreUnavailableError where the writer or what was started has died, or the database does not answer."""
        if not self.writer.alive:
            msg = "the writer has stopped"
            raise StoreUnavailableError(msg)
        for name, worker in self.workers.items():
            if not worker.alive:
                msg = f"the {name} has stopped"
                raise StoreUnavailableError(msg)
        try:
            with self.database.reading() as connection:
                connection.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            msg = "the database does not answer"
            raise StoreUnavailableError(msg) from error


def web_of(app: App) -> FastAPI:
    """The web UI and the API of an app."""
    # Only serving needs the web framework: importing a file should not wait for it.
    from tracehub.alerting.delivery import Terms
    from tracehub.app.exporting import exports_of
    from tracehub.outbound import Outbound
    from tracehub.web.build import build_web
    from tracehub.web.dependencies import Dependencies

    settings = app.settings
    return build_web(
        Dependencies(
            reading=app.database.reading,
            writing=app.database.writing,
            take_in=app.ingest.handle,
            take_pushed=PushedIntake(app.ingest, clock).take,
            try_again=app.try_again,
            issue_key=app.issue_key,
            renew_key=app.renew_key,
            ready=app.ready,
            sealer=app.sealer,
            delivery=Terms(outbound=Outbound(settings.allowed_networks), public_url=settings.public_url, clock=clock),
            exports=exports_of(app),
            waiting_bytes=lambda: app.writer.waiting_bytes,
            knowledge=app.knowledge,
            settings=settings,
            clock=clock,
        )
    )


@contextmanager
def open_app(settings: Settings) -> Iterator[App]:
    """The parts, connected, on a database of the right schema.

    What was handed in is stored before they are taken apart.
    """
    # Records become many containers and hardly a cycle: at its own threshold the collector takes up to a third.
    gc.set_threshold(*COLLECT_AFTER)
    database = open_database(settings)
    try:
        app = App(settings, database)
        try:
            yield app
        finally:
            app.writer.close()
    finally:
        database.close()


def open_database(settings: Settings) -> Database:
    """The database. SQLite is migrated on the way; PostgreSQL must be at the right revision (`tracehub db upgrade`)."""
    database = Database(parse_url(settings.database_url))
    try:
        if database.is_sqlite:
            with database.writing() as connection:
                migrate.upgrade(connection)
        else:
            with database.reading() as connection:
                migrate.require_current(connection)
    except BaseException:
        database.close()
        raise
    return database


def limits_of(settings: Settings) -> Limits:
    """The bounds on decoding that the settings give."""
    return Limits(
        max_event_bytes=settings.max_event_bytes,
        max_depth=settings.max_depth,
        max_document_bytes=settings.max_decompressed_bytes,
        max_decompression_ratio=settings.max_decompression_ratio,
        quarantine_bytes=settings.quarantine_bytes,
    )


def clock() -> int:
    """Now, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


__all__ = ["App", "Knowledge", "clock", "limits_of", "open_app", "open_database"]
