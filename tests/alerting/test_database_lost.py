"""The database goes away again and again while people are told: everybody hears of everything, in order."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psycopg
import pytest
from msgspec.structs import replace
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from tests.alerting.alerts import firing, resolved
from tests.alerting.receiver import Answer, receiving
from tests.stores import migrated
from tracehub.alerting.delivery import Terms
from tracehub.alerting.notifying import plan
from tracehub.errors import StoreUnavailableError
from tracehub.model.alert import Alert
from tracehub.model.channel import WebhookChannel
from tracehub.model.notification import Sending
from tracehub.outbound import Outbound
from tracehub.pipeline.notifying import Notifying
from tracehub.sealing import Sealer
from tracehub.store import alert_channels, alert_notifications, alerts
from tracehub.store.database import Database

ALERTS, LOSSES, FASTER = 30, 12, 300


@pytest.mark.postgres
def test_connections_that_break_lose_and_swap_nothing(postgresql_url: str) -> None:
    began = time.time_ns() // 1000

    def clock() -> int:
        return began + (time.time_ns() // 1000 - began) * FASTER

    with receiving() as receiver, migrated(postgresql_url) as database:
        channel = WebhookChannel(name="hook", url=receiver.url, group_by=("tool",), group_wait=0, group_interval=0)
        with database.writing() as connection:
            alert_channels.declare(connection, channel, declared_in="file", now=began)
        receiver.answers.extend([Answer(seconds=0.05)] * ALERTS)
        outbound = Outbound(["127.0.0.0/8"])
        terms = Terms(outbound=outbound, public_url=None, clock=clock)
        chance = random.Random(5)
        both = [
            Notifying(database, lambda: Sealer(b"m" * 32), terms, chance.random, tick_seconds=0.01) for _ in range(2)
        ]
        for each in both:
            each.start()
        with _losing(postgresql_url) as losses:
            for number in range(1, ALERTS + 1):
                alert = firing(number, fired_at=clock())
                _decide(database, alert, clock())
                _decide(database, resolved(alert, clock()), clock())
        _wait(database)
        for each in both:
            each.stop()
        outbound.close()
    assert losses[0] > 0
    told = [(request.headers["idempotency-key"], *_read(request.body)) for request in receiver.taken()]
    distinct = list(dict.fromkeys(told))
    for number in range(1, ALERTS + 1):
        said = [statuses for _, tool, statuses in distinct if tool == f"tool-{number}"]
        assert said == ["firing", "resolved"]
    assert len(told) - len(distinct) <= 2 * losses[0]


def _decide(database: Database, alert: Alert, now: int) -> None:
    """As the evaluator does: all or nothing, and once more where nobody knows."""
    while True:
        try:
            with database.writing() as connection:
                alerts.save(connection, [replace(alert, evaluated_at=now)])
                plan(connection, [alert], now)
        except (DBAPIError, StoreUnavailableError):
            continue
        return


@contextmanager
def _losing(url: str) -> Iterator[list[int]]:
    """Breaks every connection to the database now and then; how often, so far."""
    losses = [0]
    address = make_url(url).set(drivername="postgresql", database="postgres")
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"

    def lose() -> None:
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
            while losses[0] < LOSSES:
                time.sleep(0.1)
                connection.execute(query, [make_url(url).database])
                losses[0] += 1

    thread = threading.Thread(target=lose)
    thread.start()
    try:
        yield losses
    finally:
        thread.join()


def _wait(database: Database) -> None:
    """Until all that was decided is told."""
    while True:
        with database.reading() as connection:
            log = alert_notifications.newest(connection, most=10 * ALERTS)
        ended = {alert.alert_id for each in log for alert in each.message.resolved}
        if len(ended) == ALERTS and all(each.state is Sending.SENT for each in log):
            return
        time.sleep(0.05)


def _read(body: bytes) -> tuple[str, str]:
    told = msgspec.json.decode(body)
    return told["group_labels"]["tool"], told["status"]
