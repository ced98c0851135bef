"""Run as a process that tests kill: decides one alert after another, each firing and then over, and tells people."""

import random
import sys
import time
from collections.abc import Callable

from msgspec.structs import replace

from tests.alerting.alerts import firing, resolved
from tracehub.alerting.delivery import Terms
from tracehub.alerting.notifying import plan
from tracehub.model.alert import Alert, AlertState
from tracehub.model.notification import Sending
from tracehub.outbound import Outbound
from tracehub.pipeline.notifying import Notifying
from tracehub.sealing import Sealer
from tracehub.store import alert_notifications, alerts
from tracehub.store.database import Database, parse_url

FASTER = 200


def decide(database: Database, episodes: int, clock: Callable[[], int]) -> None:
    """Goes on where the process before was killed."""
    while True:
        with database.writing() as connection:
            known = alerts.every(connection)
            open_ones = [alert for alert in known if alert.state is AlertState.FIRING]
            if not open_ones and len(known) >= episodes:
                return
            changed = _next(known, open_ones, clock())
            alerts.save(connection, [changed])
            plan(connection, [changed], clock())
        time.sleep(random.uniform(0, 0.02))


def _next(known: tuple[Alert, ...], open_ones: list[Alert], now: int) -> Alert:
    if open_ones:
        return resolved(open_ones[0], now)
    number = len(known) + 1
    labels = {"alertname": f"alert-{number}", "severity": "critical"}
    return replace(firing(number, fired_at=now), labels=labels)


def main(url: str, episodes: int, began: int) -> None:
    """Decides, and stays until everybody was told; time is FASTER since `began`, so that waits end in a test."""

    def clock() -> int:
        return began + (time.time_ns() // 1000 - began) * FASTER

    database = Database(parse_url(url))
    terms = Terms(outbound=Outbound(["127.0.0.0/8"]), public_url=None, clock=clock)
    notifying = Notifying(database, lambda: Sealer(b"m" * 32), terms, random.random, tick_seconds=0.01)
    notifying.start()
    decide(database, episodes, clock)
    while True:
        with database.reading() as connection:
            log = alert_notifications.newest(connection, most=10 * episodes)
        told = {alert.alert_id for each in log for alert in each.message.resolved}
        if len(told) == episodes and all(each.state is Sending.SENT for each in log):
            break
        time.sleep(0.05)
    notifying.stop()
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
