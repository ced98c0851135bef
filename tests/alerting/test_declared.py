"""Rules of files become those of the database, and a running process evaluates them."""

import threading
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from tests.alerting.calls import BEGIN, MINUTE
from tests.stores import migrated
from tracehub.alerting.declared import declare
from tracehub.alerting.evaluator import LEASE, Evaluator
from tracehub.alerting.gauges import read_gauges
from tracehub.alerting.suggested import SUGGESTED
from tracehub.errors import PermanentError
from tracehub.model.alert import Alert
from tracehub.pipeline.alerting import Alerting
from tracehub.store import alert_rules, leases


def test_rules_of_files_are_those_that_the_files_declare_now(database_url: str) -> None:
    first, second, third = SUGGESTED[:3]
    with migrated(database_url) as database, database.writing() as connection:
        alert_rules.declare(connection, third, declared_in="ui", now=1)
        declare(connection, [first, second], now=2)
        done = declare(connection, [replace(second, min_samples=5)], now=3)
        rows = {row.rule.name: row for row in alert_rules.every(connection)}
    assert (done.declared, done.removed) == (1, 1)
    assert rows.keys() == {second.name, third.name}
    assert (rows[second.name].generation, rows[second.name].rule.min_samples) == (2, 5)


def test_a_file_cannot_take_a_rule_of_the_ui_away(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        alert_rules.declare(connection, SUGGESTED[0], declared_in="ui", now=1)
        with pytest.raises(PermanentError, match="'A tool fails' was made in the UI"):
            declare(connection, SUGGESTED[:2], now=2)
        assert alert_rules.names(connection, declared_in="file") == []


def test_a_running_process_evaluates_and_lets_go_when_it_ends(database_url: str) -> None:
    evaluated = threading.Event()

    def after(connection: Connection, changed: Sequence[Alert], now: int) -> None:
        evaluated.set()

    with migrated(database_url) as database:
        with database.writing() as connection:
            alert_rules.declare(connection, SUGGESTED[0], declared_in="ui", now=BEGIN)
        evaluator = Evaluator(database, owner="one", after=after, gauging=read_gauges)
        running = Alerting(evaluator, lambda: BEGIN + 31 * MINUTE, every_seconds=0.01)
        running.start()
        assert evaluated.wait(30)
        alive = [running.alive]
        running.stop()
        alive.append(running.alive)
        with database.writing() as connection:
            assert alert_rules.one(connection, SUGGESTED[0].name).last_evaluated_at == BEGIN + 30 * MINUTE
            assert leases.take(connection, LEASE, "another", 60) is not None
    assert alive == [True, False]
