"""Weeks of traffic with planted incidents: each fires in its time and ends, and nothing else fires."""

from tests.alerting.calls import BEGIN, MINUTE
from tests.alerting.evaluating import Watch, declare
from tests.alerting.weeks import DAY, episodes_of, fill, incidents, judge, rules
from tests.stores import migrated
from tracehub.alerting.preview import preview

DAYS = 9


def test_every_incident_of_nine_days_is_told_and_nothing_else(sqlite_url: str) -> None:
    planted = incidents(DAYS)
    with migrated(sqlite_url) as database:
        fill(database, planted, DAYS, 50)
        episodes = []
        with database.reading() as connection:
            for rule in rules():
                seen = preview(connection, rule, BEGIN + 5 * DAY, BEGIN + DAYS * DAY)
                episodes += [
                    (rule.name, each.since - BEGIN, None if each.until is None else each.until - BEGIN)
                    for each in seen.episodes
                ]
    assert judge(planted, sorted(episodes, key=lambda each: each[1])) == []
    assert len(planted) == 5


def test_the_evaluator_tells_each_incident_of_a_day_once(sqlite_url: str) -> None:
    planted = [each for each in incidents(8) if each.rule in ("tool", "incomplete")]
    with migrated(sqlite_url) as database:
        fill(database, planted, 8, 20)
        declare(database, *rules(), now=BEGIN + 6 * DAY)
        watch = Watch(database)
        first = 6 * DAY // MINUTE + 590
        for minute in range(first, first + 250, 5):
            if minute % 35 == 0:
                watch.restart()
            watch.run(minute)
    episodes = episodes_of(watch.told)
    assert judge(planted, episodes) == []
    assert [rule for rule, _, _ in episodes if rule in ("tool", "incomplete")] == ["tool", "incomplete"]
