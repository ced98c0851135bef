"""An evaluator for tests: told the time, and remembered what it told."""

from collections.abc import Sequence

from sqlalchemy import Connection

from tests.alerting.calls import BEGIN, MINUTE
from tracehub.alerting.evaluator import Evaluated, Evaluator
from tracehub.alerting.gauges import read_gauges
from tracehub.model.alert import Alert
from tracehub.model.rule import Rule
from tracehub.store import alert_rules
from tracehub.store.database import Database

# When the windows that end at a bound are judged.
SETTLED = MINUTE


class Watch:
    """An evaluator and what was told of its alerts: rule, group's values, state, minute."""

    def __init__(self, database: Database, *, owner: str = "one") -> None:
        self.database = database
        self.told: list[tuple[str, str, int]] = []
        self.evaluator = Evaluator(database, owner=owner, after=self._after, gauging=read_gauges)

    def run(self, minute: float) -> Evaluated:
        """Evaluates what is due so many minutes after BEGIN, when that is settled."""
        return self.evaluator.run(BEGIN + int(minute * MINUTE) + SETTLED)

    def run_through(self, first: int, last: int) -> None:
        """Evaluates every five minutes."""
        for minute in range(first, last + 1, 5):
            self.run(minute)

    def restart(self) -> None:
        """Forgets all that a process knows."""
        self.evaluator = Evaluator(self.database, owner="one", after=self._after, gauging=read_gauges)

    def _after(self, connection: Connection, changed: Sequence[Alert], now: int) -> None:
        self.told += [(alert.rule, alert.state.value, (alert.evaluated_at - BEGIN) // MINUTE) for alert in changed]


def declare(database: Database, *rules: Rule, now: int = BEGIN) -> None:
    """Adds rules."""
    with database.writing() as connection:
        for rule in rules:
            alert_rules.declare(connection, rule, declared_in="ui", now=now)
