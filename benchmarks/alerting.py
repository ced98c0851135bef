"""Measures the evaluation of a thousand alert rules beside the reads that they cannot do without."""

import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice, product
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.report import Report
from tests.alerting.calls import BEGIN, MINUTE, keep, turns
from tests.databases import postgresql_server
from tests.stores import migrated
from tracehub.alerting.evaluator import Evaluator
from tracehub.alerting.gauges import read_gauges
from tracehub.alerting.measures import kinds_of
from tracehub.alerting.preview import preview
from tracehub.alerting.readings import readings
from tracehub.alerting.suggested import SUGGESTED
from tracehub.alerting.windows import SharedWindows
from tracehub.model.alert import Alert
from tracehub.model.measure import ABOUT, GroupBy, Measure
from tracehub.model.rule import BurnRate, Rule, RuleFilter
from tracehub.store import alert_rules, rollup_sums
from tracehub.store.database import Database

RULES = 1000
AGENTS, TOOLS, DAYS = 20, 3, 3
TICKS = 5
DAY = 1440 * MINUTE
END = BEGIN + DAYS * DAY
_LENGTHS = (300, 900, 1800, 3600, 21_600, 86_400)


def main() -> None:
    """Prints the figures for both databases."""
    with tempfile.TemporaryDirectory() as folder:
        _measured(f"sqlite:///{Path(folder) / 'tracehub.db'}", "SQLite")
    with postgresql_server() as server:
        _measured(server.create_database(), "PostgreSQL")


def rules(number: int) -> list[Rule]:
    """Rules of every measure, window and grouping, most of them for one agent, as teams have them."""
    measures = [measure for measure in Measure if not ABOUT[measure].gauge]
    agents = [(), *((f"AGENT{agent}",) for agent in range(AGENTS))]
    groupings: list[tuple[GroupBy, ...]] = [(), (GroupBy.AGENT,), (GroupBy.AGENT, GroupBy.VERSION)]
    found = []
    for agent, measure, length, group_by in islice(product(agents, measures, _LENGTHS, groupings), number * 9 // 10):
        name = f"{measure} {agent} {length} {group_by}"
        filter = RuleFilter(agents=agent)
        found.append(Rule(name=name, measure=measure, above=1e12, window=length, group_by=group_by, filter=filter))
    burn = BurnRate(objective=0.99)
    while len(found) < number:
        name, agent = f"budget {len(found)}", agents[len(found) % len(agents)]
        found.append(Rule(name=name, measure=Measure.TOOL_ERROR_RATE, burn_rate=burn, filter=RuleFilter(agents=agent)))
    return found


def _measured(url: str, name: str) -> None:
    declared = rules(RULES)
    with migrated(url) as database:
        for agent, tool in product(range(AGENTS), range(TOOLS)):
            called = turns(
                0, DAYS * DAY, every=5 * MINUTE, failing=2, agent=f"AGENT{agent}", tool=f"Orders__tool{tool}"
            )
            keep(database, called, add_up=False)
        keep(database, ())
        with database.writing() as connection:
            for rule in declared:
                alert_rules.declare(connection, rule, declared_in="file", now=BEGIN)
        with database.reading() as connection:
            floor = _seconds(lambda: _reads(connection, declared))
            shared = _seconds(lambda: _evaluated(connection, declared))
            apart = _seconds(lambda: _apart(connection, declared[:100])) * RULES / 100
            previews = _seconds(lambda: preview(connection, SUGGESTED[0], END - 7 * DAY, END))
        tick = _ticks(database)
    report = Report(f"{RULES:,} alert rules on {name}: {AGENTS * TOOLS * DAYS * 288:,} calls of {AGENTS * TOOLS} tools")
    report.add("the reads of one tick, each once", floor * 1000, "ms")
    report.add("all rules of one tick, read and judged", shared * 1000, "ms", floor=floor * 1000, at_most=2000)
    report.add("the same, had every rule its own reads", apart * 1000, "ms", floor=floor * 1000)
    report.add("one tick with lease, state and history", tick * 1000, "ms", floor=floor * 1000, at_most=3000)
    report.add("share of one core, at a tick every 5 minutes", tick / 300 * 100, "%", at_most=1)
    report.add("preview of a rule over 7 days", previews * 1000, "ms", at_most=1000)
    report.print()


def _reads(connection: Connection, declared: Sequence[Rule]) -> None:
    """Every window that some rule reads, read once, whole."""
    wanted = {
        (kinds_of(rule.measure), length, rule.about.percentile)
        for rule in declared
        for length in ([pair.long for pair in rule.burn_rate.pairs] if rule.burn_rate else [rule.window])
    }
    for kinds, seconds, timed in wanted:
        minutes = 1440 if seconds >= 86_400 else 60 if seconds >= 3600 else 5
        rollup_sums.sums(connection, kinds, minutes, END - seconds * 1_000_000, END, timed=timed)


def _evaluated(connection: Connection, declared: Sequence[Rule]) -> None:
    windows = SharedWindows(connection)
    for rule in declared:
        readings(rule, windows, END)


def _apart(connection: Connection, declared: Sequence[Rule]) -> None:
    for rule in declared:
        readings(rule, SharedWindows(connection), END)


def _ticks(database: Database) -> float:
    def after(connection: Connection, changed: Sequence[Alert], now: int) -> None:
        """Nobody is told."""

    evaluator = Evaluator(database, owner="benchmark", after=after, gauging=read_gauges)
    evaluator.run(END - TICKS * 5 * MINUTE + 15 * MINUTE)
    began = time.perf_counter()
    for number in range(1, TICKS + 1):
        evaluator.run(END - (TICKS - number) * 5 * MINUTE + 15 * MINUTE)
    return (time.perf_counter() - began) / TICKS


def _seconds(do: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        do()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    main()
