"""The only place that builds objects and connects them."""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tracehub.analytics.knowledge import Knowledge, load_knowledge
from tracehub.errors import StoreUnavailableError
from tracehub.model.alert import Alert
from tracehub.model.proxy_key import IssuedKey, KeyTerms
from tracehub.model.record import Limits
from tracehub.model.source_rows import PUSHED
from tracehub.pipeline.ingest import Ingest
from tracehub.pipeline.log_intake import LogIntake
from tracehub.pipeline.pushed import PushedIntake
from tracehub.pipeline.requarantine import try_again
from tracehub.pipeline.writer import Writer
from tracehub.proxy.issuing import issue, renew
from tracehub.proxy.master import master_for
from tracehub.sealing import Sealer
from tracehub.settings import Settings
from tracehub.store import migrate, proxy_keys, sources
from tracehub.store.database import Database, parse_url

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tracehub.pipeline.alerting import Alerting
    from tracehub.pipeline.collecting import Collecting
    from tracehub.pipeline.plan import Planner


COLLECT_AFTER = (100_000, 20, 100)
DEFAULT_CONFIG = Path("tracehub.toml")
CALLS_EVERY_SECONDS = 900


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
        self.collecting: Collecting | None = None
        self.alerting: Alerting | None = None

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
        """Seals secrets under the master secret, made where there is none yet. PermanentError as `issue_key`."""
        with self.database.reading() as connection:
            keys = proxy_keys.every(connection)
        return Sealer(master_for(self.settings, keys))

    def ready(self) -> None:
        """StoreUnavailableError where the writer or the collecting has died, or the database does not answer."""
        if not self.writer.alive:
            msg = "the writer has stopped"
            raise StoreUnavailableError(msg)
        if self.collecting is not None and not self.collecting.alive:
            msg = "the collecting from sources has stopped"
            raise StoreUnavailableError(msg)
        if self.alerting is not None and not self.alerting.alive:
            msg = "the evaluation of alert rules has stopped"
            raise StoreUnavailableError(msg)
        try:
            with self.database.reading() as connection:
                connection.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            msg = "the database does not answer"
            raise StoreUnavailableError(msg) from error


@contextmanager
def collecting(app: App) -> Iterator[None]:
    """Reads the declared sources, those of the configuration file among them, until the block ends."""
    from tracehub.pipeline.chores import Chore, Chores, log_chores
    from tracehub.pipeline.collecting import Collecting, Terms

    @cache
    def planner() -> Planner:
        # boto3 takes long to load, and only who has sources needs it.
        from tracehub.pipeline.plan import Planner

        return Planner(app.database, app.writer, app.logs, app.limits, clock)

    def count_calls() -> None:
        with app.database.reading() as connection:
            somewhere = any(row.declared_in != PUSHED for row in sources.every(connection))
        if somewhere:
            planner().count_calls()

    settings = app.settings
    declare_from_file(app)
    owner = f"{socket.gethostname()} {os.getpid()} {uuid4().hex[:8]}"
    app.collecting = Collecting(
        app.database,
        lambda source, declared_at: planner().plan(source, declared_at),
        Terms(owner=owner, lease_seconds=settings.lease_seconds),
        clock,
    )
    settling = log_chores(app.database, app.logs, settings.log_settle_seconds, clock)
    counting = Chore("count calls", CALLS_EVERY_SECONDS, count_calls)
    chores = Chores(app.database, [*settling, counting], owner=owner, clock=clock)
    app.collecting.start()
    chores.start()
    try:
        yield
    finally:
        chores.stop()
        app.collecting.stop()
        app.collecting = None


@contextmanager
def adding_up(app: App) -> Iterator[None]:
    """Keeps the numbers of the pages in step with what is stored, until the block ends."""
    from tracehub.pipeline.adding_up import AddingUp

    adding = AddingUp(app.database)
    adding.start()
    try:
        yield
    finally:
        adding.stop()


@contextmanager
def alerting(app: App) -> Iterator[None]:
    """Evaluates alert rules, those of the configured files among them, until the block ends."""
    from tracehub.alerting.evaluator import Evaluator
    from tracehub.alerting.gauges import read_gauges
    from tracehub.pipeline.alerting import Alerting

    declare_rules(app)
    owner = f"{socket.gethostname()} {os.getpid()} {uuid4().hex[:8]}"
    evaluator = Evaluator(app.database, owner=owner, after=_tell_nobody, gauging=read_gauges)
    app.alerting = Alerting(evaluator, clock)
    app.alerting.start()
    try:
        yield
    finally:
        app.alerting.stop()
        app.alerting = None


def _tell_nobody(connection: Connection, changed: Sequence[Alert], now: int) -> None:
    """Alerts are seen on their page."""


def declare_rules(app: App) -> None:
    """Makes the rules that came from files those of the configured files; nothing where none is named."""
    from tracehub.alerting.declared import declare
    from tracehub.alerting.rule_files import read_all
    from tracehub.collectors.declarations import rules_files

    file = app.settings.config_file or (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)
    files = (*app.settings.rules_file, *(rules_files(file) if file else ()))
    if not files:
        return
    rules = read_all(files)
    with app.database.writing() as connection:
        declare(connection, rules, now=clock())


@contextmanager
def draining(app: App) -> Iterator[None]:
    """Stores what proxies of this machine keep, until the block ends."""
    from tracehub.pipeline.proxied import ProxiedIntake
    from tracehub.pipeline.spool_drain import SpoolDrain

    drain = SpoolDrain(app.settings.proxy_spool, ProxiedIntake(app.ingest, clock).take, app.limits)
    drain.start()
    try:
        yield
    finally:
        drain.stop()


def declare_from_file(app: App) -> None:
    """Makes the sources that came from a configuration file those that it declares now; nothing where none is named."""
    from tracehub.collectors.declarations import read_file

    file = app.settings.config_file or (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)
    if file is None:
        return
    declared = read_file(file)
    with app.database.writing() as connection:
        for source in declared:
            sources.declare(connection, source, declared_in="file", now=clock())
        for name in set(sources.names(connection, declared_in="file")) - {source.name for source in declared}:
            sources.remove(connection, name)


def web_of(app: App) -> FastAPI:
    """The web UI and the API of an app."""
    # Only serving needs the web framework: importing a file should not wait for it.
    from tracehub.alerting.delivery import Terms
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
