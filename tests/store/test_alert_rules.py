"""Rules come back as they were declared; what was found of alerts is kept in order."""

import msgspec
import pytest

from tests.store.test_alerts import alert
from tests.stores import migrated
from tracehub.errors import NotFoundError
from tracehub.model.alert import AlertState
from tracehub.model.measure import GroupBy, Measure
from tracehub.model.rule import BurnRate, Rule, RuleFilter
from tracehub.store import alert_history, alert_rules

RULE = Rule(
    name="Tool errors",
    measure=Measure.TOOL_ERROR_RATE,
    above=0.1,
    resolve=0.05,
    filter=RuleFilter(tools=("Orders__refund",)),
    group_by=(GroupBy.TOOL,),
    for_=300,
)
BUDGET = Rule(name="Budget", measure=Measure.TOOL_ERROR_RATE, burn_rate=BurnRate(objective=0.99))


def test_rules_come_back_as_they_were_declared(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        alert_rules.declare(connection, RULE, declared_in="file", now=1)
        alert_rules.declare(connection, BUDGET, declared_in="ui", now=2)
        assert [row.rule for row in alert_rules.every(connection)] == [BUDGET, RULE]
        row = alert_rules.one(connection, "Tool errors")
        assert (row.declared_in, row.paused, row.generation, row.created_at) == ("file", False, 1, 1)
        assert (row.last_evaluated_at, row.last_error) == (None, None)
        assert alert_rules.names(connection, declared_in="ui") == ["Budget"]


def test_only_a_changed_declaration_is_a_new_generation(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        alert_rules.declare(connection, RULE, declared_in="file", now=1)
        alert_rules.declare(connection, RULE, declared_in="file", now=2)
        assert alert_rules.one(connection, "Tool errors").generation == 1
        alert_rules.declare(connection, msgspec.structs.replace(RULE, above=0.2), declared_in="file", now=3)
        row = alert_rules.one(connection, "Tool errors")
        assert (row.generation, row.rule.above, row.created_at) == (2, 0.2, 1)


def test_what_there_is_not_can_neither_be_removed_nor_paused(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        for change in (alert_rules.remove, alert_rules.one, lambda c, name: alert_rules.pause(c, name, True)):
            with pytest.raises(NotFoundError, match="no alert rule 'other'"):
                change(connection, "other")
        alert_rules.declare(connection, RULE, declared_in="ui", now=1)
        alert_rules.evaluated(connection, [("Tool errors", 9, "slow")])
        alert_rules.pause(connection, "Tool errors", True)
        row = alert_rules.one(connection, "Tool errors")
        assert (row.paused, row.last_evaluated_at, row.last_error) == (True, 9, "slow")
        alert_rules.pause(connection, "Tool errors", False)
        assert alert_rules.one(connection, "Tool errors").last_evaluated_at is None
        alert_rules.remove(connection, "Tool errors")
        assert alert_rules.every(connection) == ()


def test_the_history_of_an_alert_is_kept_in_order(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        for at, state in ((3, AlertState.RESOLVED), (1, AlertState.PENDING), (2, AlertState.FIRING)):
            alert_history.add(connection, [alert("aa" * 16, state, evaluated_at=at)])
        alert_history.add(connection, [alert("bb" * 16, AlertState.PENDING, evaluated_at=2)])
        points = alert_history.of_alert(connection, "aa" * 16, 0, 3)
        assert [(point.at, point.state) for point in points] == [(1, "pending"), (2, "firing"), (3, "resolved")]
        assert alert_history.fired_between(connection, 2, 5) == {"aa" * 16}
        assert alert_history.fired_between(connection, 3, 5) == set()
        assert alert_history.forget(connection, 3) == 3
