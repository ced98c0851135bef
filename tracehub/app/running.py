"""What runs beside the web while a process serves, each until its block ends."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from tracehub.app import App, Worker, clock
from tracehub.app.declaring import declare_channels, declare_destinations, declare_rules, declare_sources
from tracehub.model.source_rows import PUSHED
from tracehub.store import sources

if TYPE_CHECKING:
    from tracehub.pipeline.plan import Planner

CALLS_EVERY_SECONDS = 900
COLLECTING = "collecting from sources"


@contextmanager
def collecting(app: App) -> Iterator[None]:
    """Reads the declared sources, those of the configuration file among them."""
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

    declare_sources(app)
    owner = _owner()
    reading = Collecting(
        app.database,
        lambda source, declared_at: planner().plan(source, declared_at),
        Terms(owner=owner, lease_seconds=app.settings.lease_seconds),
        clock,
    )
    settling = log_chores(app.database, app.logs, app.settings.log_settle_seconds, clock)
    counting = Chore("count calls", CALLS_EVERY_SECONDS, count_calls)
    chores = Chores(app.database, [*settling, counting], owner=owner, clock=clock)
    with _running(app, COLLECTING, reading):
        chores.start()
        try:
            yield
        finally:
            chores.stop()


@contextmanager
def adding_up(app: App) -> Iterator[None]:
    """Keeps the numbers of the pages in step with what is stored."""
    from tracehub.pipeline.adding_up import AddingUp

    adding = AddingUp(app.database)
    adding.start()
    try:
        yield
    finally:
        adding.stop()


@contextmanager
def exporting(app: App) -> Iterator[None]:
    """Sends finished traces, and metrics, to the declared destinations, those of the configuration file among them."""
    from tracehub.app.exporting import parts_of
    from tracehub.outbound import Outbound
    from tracehub.pipeline.exporting import Exporting
    from tracehub.pipeline.metrics_flush import Flusher, MetricsFlush
    from tracehub.pipeline.metrics_targets import MetricsSender, targets_of
    from tracehub.pipeline.metrics_targets import Parts as MetricsParts

    declare_destinations(app)
    outbound = Outbound(app.settings.allowed_networks)
    sending = Exporting(parts_of(app, outbound))
    metrics = MetricsSender(
        MetricsParts(
            database=app.database,
            outbound=outbound,
            clock=clock,
            environment=os.environ,
            unseal=lambda sealed, place: app.sealer().open(sealed, place),
        )
    )
    flushing = MetricsFlush(Flusher(app.database, targets_of, metrics, owner=_owner()))
    try:
        with (
            _running(app, "exporting to destinations", sending),
            _running(app, "exporting of metrics", flushing),
        ):
            yield
    finally:
        outbound.close()


@contextmanager
def alerting(app: App) -> Iterator[None]:
    """Evaluates alert rules and tells people of alerts; rules and channels of files among them."""
    from tracehub.alerting.delivery import Terms
    from tracehub.alerting.evaluator import Evaluator
    from tracehub.alerting.gauges import read_gauges
    from tracehub.alerting.notifying import plan
    from tracehub.outbound import Outbound
    from tracehub.pipeline.alerting import Alerting
    from tracehub.pipeline.notifying import Notifying

    declare_rules(app)
    declare_channels(app)
    outbound = Outbound(app.settings.allowed_networks)
    terms = Terms(outbound=outbound, public_url=app.settings.public_url, clock=clock)
    notifying = Notifying(app.database, app.sealer, terms, random.random)
    evaluating = Alerting(Evaluator(app.database, owner=_owner(), after=plan, gauging=read_gauges), clock)
    try:
        with (
            _running(app, "telling of alerts", notifying),
            _running(app, "evaluation of alert rules", evaluating),
        ):
            yield
    finally:
        outbound.close()


@contextmanager
def draining(app: App) -> Iterator[None]:
    """Stores what proxies of this machine keep."""
    from tracehub.pipeline.proxied import ProxiedIntake
    from tracehub.pipeline.spool_drain import SpoolDrain

    drain = SpoolDrain(app.settings.proxy_spool, ProxiedIntake(app.ingest, clock).take, app.limits)
    drain.start()
    try:
        yield
    finally:
        drain.stop()


class _Startable(Worker, Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def _running(app: App, name: str, worker: _Startable) -> Iterator[None]:
    worker.start()
    app.workers[name] = worker
    try:
        yield
    finally:
        del app.workers[name]
        worker.stop()


def _owner() -> str:
    return f"{socket.gethostname()} {os.getpid()} {uuid4().hex[:8]}"
