"""Weeks of traffic under a simulated clock, with incidents planted in it: what should fire, when, and nothing else.

`python -m tests.alerting.weeks` evaluates every five minutes of three weeks and prints what was told.
"""

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from random import Random

import msgspec

from tests.alerting.calls import BEGIN, MINUTE, Turn, keep
from tests.alerting.evaluating import Watch, declare
from tests.stores import migrated, store
from tracehub.bedrock.decode import decode
from tracehub.demo.generate import generate, write
from tracehub.model.record import Limits, Record
from tracehub.model.rule import Rule
from tracehub.model.rule_words import read_rule
from tracehub.pipeline.adding_up import catch_up
from tracehub.store.database import Database

HOUR, DAY = 60 * MINUTE, 1440 * MINUTE
DAYS = 21
_SEED = 11
TOOLS = ("Orders__refund", "Orders__get", "Mail__send")


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """From `since` to `until` (microseconds after BEGIN) something is wrong; `rule` fires at the latest at `told_by`,
    and is over at the latest at `over_by`."""

    rule: str
    since: int
    until: int
    told_by: int
    over_by: int
    failing: float = 0
    slower: float = 1
    incomplete: float = 0
    silent: bool = False
    tools: tuple[str, ...] = TOOLS
    version: str | None = None


def rules() -> tuple[Rule, ...]:
    """What a team may declare."""
    words: tuple[dict[str, object], ...] = (
        {
            "name": "tool",
            "measure": "tool_error_rate",
            "above": "25%",
            "resolve": "10%",
            "window": "15m",
            "for": "5m",
            "min_samples": 8,
            "group_by": "tool",
            "filter": {"agents": ["SHOP"]},
        },
        {
            "name": "budget",
            "measure": "tool_error_rate",
            "burn_rate": {
                "objective": "98%",
                "pairs": [{"long": "1h", "short": "5m", "factor": 14.4}, {"long": "6h", "short": "30m", "factor": 4}],
            },
            "min_samples": 100,
            "filter": {"agents": ["SHOP"]},
        },
        {
            "name": "slow",
            "measure": "trace_duration",
            "baseline": {"against": "same_hour", "margin": "100%", "days": 5},
            "window": "30m",
            "min_samples": 30,
            "filter": {"agents": ["SHOP"]},
        },
        {"name": "version", "measure": "tool_error_rate", "new_version": {"error_rate": "15%"}, "min_samples": 100},
        {
            "name": "incomplete",
            "measure": "incomplete_traces",
            "above": "20%",
            "resolve": "5%",
            "window": "30m",
            "min_samples": 30,
            "filter": {"agents": ["SHOP"]},
        },
        {
            "name": "silence",
            "measure": "trace_failure_rate",
            "above": "100%",
            "window": "15m",
            "no_data": "fire",
            "filter": {"agents": ["SHOP"]},
        },
    )
    return tuple(read_rule(each) for each in words)


def incidents(days: int = DAYS) -> list[Incident]:
    """One of each kind on days of their own, again and again."""
    found = []
    for day in range(6, days - 1, 5):
        at = day * DAY
        found += [
            Incident(
                rule="tool",
                since=at + 10 * HOUR,
                until=at + 10 * HOUR + 40 * MINUTE,
                told_by=at + 10 * HOUR + 20 * MINUTE,
                over_by=at + 11 * HOUR,
                failing=0.7,
                tools=("Orders__refund",),
            ),
            Incident(
                rule="slow",
                since=at + 8 * HOUR,
                until=at + 9 * HOUR,
                told_by=at + 8 * HOUR + 20 * MINUTE,
                over_by=at + 9 * HOUR + 40 * MINUTE,
                slower=6,
            ),
            Incident(
                rule="incomplete",
                since=at + 12 * HOUR,
                until=at + 13 * HOUR,
                told_by=at + 12 * HOUR + 30 * MINUTE,
                over_by=at + 110 * HOUR + 40 * MINUTE,
                incomplete=0.6,
            ),
            Incident(
                rule="silence",
                since=at + 16 * HOUR,
                until=at + 18 * HOUR,
                told_by=at + 16 * HOUR + 20 * MINUTE,
                over_by=at + 18 * HOUR + 10 * MINUTE,
                silent=True,
            ),
            Incident(
                rule="budget",
                since=at + DAY,
                until=at + DAY + 7 * HOUR,
                told_by=at + DAY + 7 * HOUR,
                over_by=at + DAY + 8 * HOUR,
                failing=0.13,
            ),
        ]
    return found


def traffic(planted: Sequence[Incident], days: int = DAYS, every: int = MINUTE // 3) -> list[Turn]:
    """Calls of an agent of a shop, three a minute, of which one in 300 fails; more by day than by night."""
    chance = Random(_SEED)
    found = []
    for at in range(0, days * DAY, every):
        wrong = next((each for each in planted if each.since <= at < each.until), None)
        by_night = at % DAY < 6 * HOUR and at // every % 2 and not wrong
        if by_night or (wrong and wrong.silent):
            continue
        tool = TOOLS[at // every % 3]
        failing = wrong.failing if wrong and tool in wrong.tools else 0.003
        lasted = chance.lognormvariate(7, 0.4) * (wrong.slower if wrong else 1)
        incomplete = wrong is not None and chance.random() < wrong.incomplete
        found.append(
            Turn(
                at=at + chance.randrange(every),
                tool=tool,
                agent="SHOP",
                error="inferred" if chance.random() < failing else None,
                lasted_ms=round(lasted),
                outcome="incomplete" if incomplete else "ok",
            )
        )
    return found


def demo(days: int, sessions: int) -> bytes:
    """The demo's sessions over the same days, as JSON lines."""
    out = BytesIO()
    until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=BEGIN + days * DAY)
    write(generate(seed=_SEED, sessions=sessions, until=until, days=days), out)
    return out.getvalue()


def fill(database: Database, planted: Sequence[Incident], days: int, sessions: int) -> None:
    """Stores the weeks."""
    record = Record(data=demo(days, sessions), source="demo", received_at=0)
    store(database, decode(record, Limits(max_event_bytes=10**8)).events)
    keep(database, traffic(planted, days), add_up=False)
    catch_up(database)


def judge(planted: Sequence[Incident], episodes: Sequence[tuple[str, int, int | None]]) -> list[str]:
    """What is not as planted, in words: `episodes` are rule, when it fired and when it was over (after BEGIN).

    An incident may raise other rules than its own while it lasts; outside of all incidents nothing may fire.
    """
    wrong = []
    for each in planted:
        told = [
            (fired, over) for rule, fired, over in episodes if rule == each.rule and each.since <= fired <= each.told_by
        ]
        if not told:
            wrong.append(f"{each.rule} did not tell what began at {_at(each.since)}")
        elif told[-1][1] is None or told[-1][1] > each.over_by:
            wrong.append(f"{each.rule} did not end what was over at {_at(each.until)}")
    for rule, fired, _ in episodes:
        if not any(each.since <= fired <= each.over_by for each in planted):
            wrong.append(f"{rule} fired at {_at(fired)} for nothing")
    return wrong


def episodes_of(told: Sequence[tuple[str, str, int]]) -> list[tuple[str, int, int | None]]:
    """What a Watch was told, as episodes; of rules with one alert at a time."""
    found: list[tuple[str, int, int | None]] = []
    for rule, state, minute in told:
        at = minute * MINUTE
        if state == "firing":
            found.append((rule, at, None))
        elif state == "resolved":
            place = next(index for index, each in enumerate(found) if each[0] == rule and each[2] is None)
            found[place] = (rule, found[place][1], at)
    return found


def _at(moment: int) -> str:
    return f"day {moment // DAY}, {moment % DAY // HOUR:02}:{moment % HOUR // MINUTE:02}"


def main() -> None:
    """Evaluates every five minutes, restarting every seventh hour."""
    planted = incidents()
    with tempfile.TemporaryDirectory() as folder, migrated(f"sqlite:///{Path(folder) / 'weeks.db'}") as database:
        fill(database, planted, DAYS, 500)
        declare(database, *rules(), now=BEGIN + 5 * DAY)
        watch = Watch(database)
        for minute in range(5 * 1440, DAYS * 1440, 5):
            if minute % 420 == 0:
                watch.restart()
            watch.run(minute)
    episodes = episodes_of(watch.told)
    for rule, fired, over in episodes:
        print(f"{rule:12} {_at(fired)} to {_at(over) if over else 'the end'}")
    wrong = judge(planted, episodes)
    print("\n".join(wrong) or f"{len(planted)} incidents, each told and ended, and nothing else")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
