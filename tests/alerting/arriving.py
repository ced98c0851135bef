"""Weeks of the demo's traffic as it arrives, evaluated and told to real receivers while a simulated clock goes on.

`python -m tests.alerting.arriving DAYS` prints what was planted, what fired when, and how often it was told.
"""

import os
import queue
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import boto3
import msgspec
import orjson
from sqlalchemy import Connection, event

from tests.alerting.calls import BEGIN, MINUTE
from tests.alerting.incidents import (
    Change,
    Incident,
    calls_fail,
    days,
    index_is_empty,
    nothing_is_recorded,
    planted,
    tokens_explode,
    tool_fails,
    tool_is_slow,
)
from tests.alerting.mailbox import Mailbox, receiving_mail
from tests.alerting.receiver import receiving
from tests.aws.moto_server import moto
from tests.stores import migrated, store
from tracehub.alerting.delivery import Terms
from tracehub.alerting.evaluator import Evaluator
from tracehub.alerting.gauges import read_gauges
from tracehub.alerting.notifying import plan
from tracehub.bedrock.decode import decode
from tracehub.demo.clock import microseconds_of
from tracehub.demo.generate import DEPLOYED, generate
from tracehub.model.alert import Alert, AlertState
from tracehub.model.channel import AppriseChannel, Channel, SnsChannel, WebhookChannel
from tracehub.model.record import Limits, Record
from tracehub.model.rule import Rule
from tracehub.model.rule_words import read_rule
from tracehub.outbound import Outbound
from tracehub.pipeline.notifying import Notifying
from tracehub.sealing import Sealer
from tracehub.store import alert_channels, alert_rules
from tracehub.store.database import Database

HOUR = 60 * MINUTE
SESSIONS_A_DAY = 100
_SEED = 11
_STEP = 5 * MINUTE
_START = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=BEGIN)
_EPOCH_DAY, _DAY_US = 2440587.5, 86_400_000_000
_SEALER = Sealer(b"m" * 32)
_GROUPED = ("alertname", "agent", "tool", "knowledge_base")
_LIMITS = Limits(max_event_bytes=10**8)
_DOWN = '{"error": "the service is down"}'
# The window of a rule with what it waits for, and how often it is evaluated.
_SLACK = 30 * MINUTE


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """An incident, and which alert has to tell of it: the rule, and of what. It is over `lasting` microseconds after
    the incident at the latest."""

    incident: Incident
    rule: str
    labels: dict[str, str]
    lasting: int

    @property
    def since(self) -> int:
        return microseconds_of(self.incident.begins)

    @property
    def until(self) -> int:
        return microseconds_of(self.incident.ends)


class Episode(msgspec.Struct, frozen=True):
    """An alert that fired, and when it was over."""

    rule: str
    labels: dict[str, str]
    alert_id: str
    fired_at: int
    resolved_at: int | None


class Seen(msgspec.Struct, frozen=True):
    """What came of it all: episodes, and per receiver which state of which alert was told, in order, and its key."""

    episodes: tuple[Episode, ...]
    told: dict[str, tuple[tuple[str, str], ...]]
    keys: dict[str, tuple[str, ...]]


def rules() -> tuple[Rule, ...]:
    """One for each kind of incident."""
    words: tuple[dict[str, object], ...] = (
        {
            "name": "A tool fails",
            "measure": "tool_error_rate",
            "above": "60%",
            "resolve": "40%",
            "window": "3h",
            "for": "10m",
            "min_samples": 8,
            "group_by": ["tool"],
            "filter": {"agents": ["ORDERHELP1"], "tools": ["OrderActions__get_order"]},
        },
        {
            "name": "A tool is slow",
            "measure": "tool_latency",
            "above": "30s",
            "window": "6h",
            "min_samples": 5,
            "group_by": ["tool"],
        },
        {
            "name": "An index is empty",
            "measure": "knowledge_base_zero_hits",
            "above": "80%",
            "resolve": "50%",
            "window": "4h",
            "min_samples": 6,
            "group_by": ["knowledge_base"],
        },
        {
            "name": "Turns fail",
            "measure": "trace_failure_rate",
            "above": "60%",
            "resolve": "30%",
            "window": "4h",
            "min_samples": 5,
            "group_by": ["agent"],
        },
        {
            "name": "Nothing is recorded",
            "measure": "trace_failure_rate",
            "above": "100%",
            "window": "2h",
            "no_data": "fire",
        },
        {
            "name": "Tokens explode",
            "measure": "tokens_per_hour",
            "above": 200_000,
            "window": "4h",
            "group_by": ["agent"],
        },
        {
            "name": "A new version fails",
            "measure": "tool_error_rate",
            "new_version": {"error_rate": "20%", "tool_mix": "off"},
            "window": "1d",
            "min_samples": 20,
        },
    )
    return tuple(read_rule({**each, "repeat": "7d"}) for each in words)


def of_agent(agent: str, change: Change, version: str | None = None) -> Change:
    """What happens to the calls of one agent only, or of one version of it."""

    def changed(exchange: dict[str, Any], chance: Random) -> dict[str, Any] | None:
        first = next(each["trace"] for each in exchange["completion"] if "trace" in each)
        if first.get("agentId") != agent or version not in (None, first.get("agentVersion")):
            return exchange
        return change(exchange, chance)

    return changed


def expected(last: int) -> list[Expected]:
    """One incident of each kind in every five days, from the second on, and once a version that is no good."""
    found: list[Expected] = []
    kinds: tuple[tuple[str, float, float, Change, dict[str, str], float], ...] = (
        ("A tool fails", 0, 6, tool_fails("get_order", _DOWN, 0.95), {"tool": "OrderActions__get_order"}, 4),
        ("An index is empty", 0.6, 9, index_is_empty("HRHANDBOOK"), {"knowledge_base": "HRHANDBOOK"}, 9),
        ("A tool is slow", 1.5, 9, tool_is_slow("search_flights", 60), {"tool": "Flights__search_flights"}, 8),
        ("Turns fail", 2.3, 9, of_agent("HRASSIST01", calls_fail(500, "no model")), {"agent": "HRASSIST01"}, 9),
        ("Nothing is recorded", 3.1, 5, nothing_is_recorded, {}, 1),
        ("Tokens explode", 3.8, 6, of_agent("ORDERHELP1", tokens_explode(40)), {"agent": "ORDERHELP1"}, 7),
    )
    for cycle in range(1, last, 5):
        for name, day, hours, change, labels, lasting in kinds:
            begins, ends = days(_START, cycle + 0.2 + day, cycle + 0.2 + day + hours / 24)
            if ends > _START + timedelta(days=last - 0.6):
                continue
            incident = Incident(name=name, begins=begins, ends=ends, change=change)
            found.append(Expected(incident=incident, rule=name, labels=labels, lasting=int(lasting * HOUR)))
    begins, ends = days(_START, last * DEPLOYED - 0.01, last * DEPLOYED + 0.6)
    change = of_agent(
        "TRAVELSUP1", _all_of(*(tool_fails(each, _DOWN, 0.7) for each in ("search_flights", "quote"))), "12"
    )
    incident = Incident(name="A new version fails", begins=begins, ends=ends, change=change)
    found.append(
        Expected(
            incident=incident, rule=incident.name, labels={"agent": "TRAVELSUP1", "version": "12"}, lasting=24 * HOUR
        )
    )
    return sorted(found, key=lambda each: each.since)


def _all_of(*changes: Change) -> Change:
    def changed(exchange: dict[str, Any], chance: Random) -> dict[str, Any] | None:
        for change in changes:
            change(exchange, chance)
        return exchange

    return changed


class World:
    """A simulated clock, which is the database's too, and what goes by it."""

    def __init__(self, database: Database, *channels: Channel) -> None:
        self.database = database
        self.now = BEGIN
        event.listen(database.engine, "connect", self._clock)
        database.engine.dispose()
        self._outbound = Outbound(["127.0.0.0/8"])
        self._terms = Terms(outbound=self._outbound, public_url="https://traces.example", clock=lambda: self.now)
        self.changed: list[Alert] = []
        self.starts = 0
        self.spent: defaultdict[str, float] = defaultdict(float)
        with database.writing() as connection:
            for channel in channels:
                alert_channels.declare(connection, channel, declared_in="ui", now=self.now, sealer=_SEALER)
        self.restart_evaluator()
        self.restart_notifying()

    def _clock(self, connection: Any, _entry: object) -> None:
        connection.create_function("julianday", 1, lambda _: self.now / _DAY_US + _EPOCH_DAY)

    def close(self) -> None:
        self._outbound.close()

    def declare_rules(self) -> None:
        with self.database.writing() as connection:
            for rule in rules():
                alert_rules.declare(connection, rule, declared_in="ui", now=self.now)

    def restart_evaluator(self) -> None:
        """Another process takes over, without a farewell of the one before."""
        self.starts += 1
        self._evaluator = Evaluator(
            self.database, owner=f"process {self.starts}", after=self._after, gauging=read_gauges
        )

    def restart_notifying(self) -> None:
        self._notifying = Notifying(self.database, lambda: _SEALER, self._terms, lambda: 1.0)

    def tick(self, now: int, arrived: Sequence[bytes]) -> None:
        """What arrived until now is stored, then what is due is evaluated and told."""
        self.now = now
        if arrived:
            with self._timed("storing"):
                record = Record(data=b"".join(arrived), source="demo", received_at=now)
                store(self.database, decode(record, _LIMITS).events)
        with self._timed("evaluating"):
            self._evaluator.run(now)
        with self._timed("telling"):
            while self._notifying.once():
                pass

    def episodes(self) -> tuple[Episode, ...]:
        """What fired, in order."""
        over = {
            (each.alert_id, each.fired_at): each.resolved_at
            for each in self.changed
            if each.state is AlertState.RESOLVED
        }
        return tuple(
            Episode(each.rule, each.labels, each.alert_id, each.fired_at or 0, over.get((each.alert_id, each.fired_at)))
            for each in self.changed
            if each.state is AlertState.FIRING
        )

    def _after(self, connection: Connection, changed: Sequence[Alert], now: int) -> None:
        self.changed += changed
        plan(connection, changed, now)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[what] += time.process_time() - began


def arrivals(last: int, incidents: Sequence[Expected]) -> list[tuple[int, bytes]]:
    """When each call has ended, and what was recorded of it."""
    calls = generate(seed=_SEED, sessions=SESSIONS_A_DAY * last, until=_START + timedelta(days=last), days=last)
    found = []
    for exchange in planted(calls, [each.incident for each in incidents]):
        ended = max(each["trace"]["eventTime"] for each in exchange["completion"] if "trace" in each)
        at = microseconds_of(datetime.fromisoformat(ended))
        found.append((at, orjson.dumps(exchange, option=orjson.OPT_APPEND_NEWLINE)))
    return sorted(found)


def drive(world: World, last: int, incidents: Sequence[Expected], *, seed: int = 1, restarts: float = 0.02) -> None:
    """The first day, in which the demo shows all that is rare, then every five minutes of the others.

    The evaluator and the notifier are started anew at random ticks.
    """
    chance = Random(seed)
    waiting = arrivals(last, incidents)[::-1]
    world.tick(BEGIN + _DAY_US, _until(waiting, BEGIN + _DAY_US))
    world.declare_rules()
    for now in range(BEGIN + _DAY_US + _STEP + MINUTE, BEGIN + last * _DAY_US, _STEP):
        if chance.random() < restarts:
            world.restart_evaluator()
        if chance.random() < restarts:
            world.restart_notifying()
        world.tick(now, _until(waiting, now))


def _until(waiting: list[tuple[int, bytes]], now: int) -> list[bytes]:
    arrived = []
    while waiting and waiting[-1][0] <= now:
        arrived.append(waiting.pop()[1])
    return arrived


def judge(incidents: Sequence[Expected], episodes: Sequence[Episode]) -> list[str]:
    """What is not as planted, in words."""
    wrong, left = [], list(episodes)
    for each in incidents:
        mine = [one for one in left if _tells(each, one)]
        if len(mine) != 1:
            wrong.append(f"{each.rule} fired {len(mine)} times for what began at {_when(each.since)}")
        for one in mine:
            left.remove(one)
            if one.resolved_at is None or one.resolved_at > each.until + each.lasting + _SLACK:
                wrong.append(f"{each.rule} was not over in time after {_when(each.until)}")
    return wrong + [f"{each.rule} {each.labels} fired at {_when(each.fired_at)} for nothing" for each in left]


def judge_told(seen: Seen) -> list[str]:
    """Which message came twice, not at all, or in another order than it happened."""
    wrong = []
    for name, told in seen.told.items():
        want = Counter((each.alert_id, state) for each in seen.episodes for state in ("firing", "resolved"))
        if Counter(told) != want:
            wrong.append(f"{name}: {Counter(told) - want} too often, {want - Counter(told)} missing")
        for alert_id in {alert_id for alert_id, _ in told}:
            states = [state for each, state in told if each == alert_id]
            if states != ["firing", "resolved"] * (len(states) // 2):
                wrong.append(f"{name}: {alert_id} was told as {states}")
    for name, keys in seen.keys.items():
        wrong += [f"{name}: {key} came {times} times" for key, times in Counter(keys).items() if times > 1]
    return wrong


def _tells(incident: Expected, episode: Episode) -> bool:
    return (
        episode.rule == incident.rule
        and incident.labels.items() <= episode.labels.items()
        and incident.since <= episode.fired_at <= incident.until + _SLACK
    )


def _when(at: int) -> str:
    return f"day {(at - BEGIN) // _DAY_US}, {(at - BEGIN) % _DAY_US // HOUR:02}:{(at - BEGIN) % HOUR // MINUTE:02}"


def seen_in(url: str, last: int, incidents: Sequence[Expected], *, seed: int = 1) -> tuple[Seen, World]:
    """Runs the days against a webhook, a mail server and a topic."""
    with migrated(url) as database, receiving() as hook, receiving_mail() as mailbox, moto() as aws:
        topic, read_queue = _topic(aws)
        where = f"127.0.0.1:{mailbox.port}?smtp=127.0.0.1&from=tracehub@x.example&to=ops@x.example"
        world = World(
            database,
            WebhookChannel(name="hook", url=hook.url, group_by=_GROUPED),
            AppriseChannel(name="mail", url=f"mailto://{where}", group_by=_GROUPED),
            SnsChannel(name="topic", topic_arn=topic, endpoint_url=aws, group_by=_GROUPED),
        )
        drive(world, last, incidents, seed=seed)
        world.close()
        posted = [msgspec.json.decode(request.body) for request in hook.requests]
        published = read_queue()
        mails = _mailed(mailbox)
    told = {"hook": _states(posted), "mail": mails, "topic": _states(published)}
    keys = {
        name: tuple(each["notification_id"] for each in of) for name, of in (("hook", posted), ("topic", published))
    }
    return Seen(world.episodes(), told, keys), world


def _states(messages: Sequence[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((alert["alert_id"], alert["status"]) for each in messages for alert in each["alerts"])


def _mailed(mailbox: Mailbox) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    while True:
        try:
            mail = mailbox.mails.get_nowait()
        except queue.Empty:
            return tuple(found)
        text = mail.get_body(("plain", "html")).get_content()  # type: ignore[union-attr]
        alert_id = text.partition("https://traces.example/alerts/")[2][:32]
        found.append((alert_id, str(mail["subject"]).partition("]")[0].strip("[").lower()))


def _topic(aws: str) -> tuple[str, Callable[[], list[dict[str, Any]]]]:
    region = {"region_name": "eu-central-1", "endpoint_url": aws}
    topics, queues = boto3.client("sns", **region), boto3.client("sqs", **region)
    name = f"weeks-of-{os.getpid()}"
    topic = topics.create_topic(Name=name)["TopicArn"]
    url = queues.create_queue(QueueName=name)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def read() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while got := queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for each in got:
                found.append(msgspec.json.decode(msgspec.json.decode(each["Body"])["Message"]))
                queues.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return found

    return topic, read


def main() -> None:
    """Prints a table, and what is wrong."""
    last = int(sys.argv[1]) if len(sys.argv) > 1 else 22
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    incidents = expected(last)
    with tempfile.TemporaryDirectory() as folder:
        seen, world = seen_in(f"sqlite:///{Path(folder) / 'weeks.db'}", last, incidents)
    print("| incident | began | fired after | resolved after its end | messages |\n|---|---|---|---|---|")
    for each in incidents:
        for one in (one for one in seen.episodes if _tells(each, one)):
            fired, over = (one.fired_at - each.since) // MINUTE, ((one.resolved_at or 0) - each.until) // MINUTE
            messages = sum(alert_id == one.alert_id for told in seen.told.values() for alert_id, _ in told)
            times = sum(other.alert_id == one.alert_id for other in seen.episodes)
            print(f"| {each.rule} | {_when(each.since)} | {fired} min | {over} min | {messages // times} |")
    print({name: f"{seconds:.1f} s" for name, seconds in world.spent.items()}, f"{world.starts - 1} restarts")
    wrong = judge(incidents, seen.episodes) + judge_told(seen)
    print(
        "\n".join(wrong) or f"{len(incidents)} incidents, each told once and ended at every receiver, and nothing else"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
