"""Notifications reach real receivers: each change once, in order, again where it failed, given up loudly."""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
import structlog.testing

from tests.alerting.alerts import HOUR, MINUTE, NOW, SECOND, firing, resolved
from tests.alerting.receiver import Answer, Receiver, receiving
from tests.stores import migrated
from tracehub.alerting.delivery import Terms
from tracehub.alerting.notifying import plan
from tracehub.errors import PermanentError
from tracehub.model.alert import Alert, Severity
from tracehub.model.channel import SEALED, Channel, WebhookChannel, read_channel
from tracehub.model.notification import Sending
from tracehub.model.silence import Matcher, Silence
from tracehub.outbound import Outbound
from tracehub.pipeline.notifying import Notifying
from tracehub.sealing import Sealer
from tracehub.store import alert_channels, alert_notifications, alert_silences, alerts
from tracehub.store.database import Database
from tracehub.telemetry.measures import NOTIFICATIONS

SEALER = Sealer(b"m" * 32)
CANARY = "canary-5f2d9c"


class Desk:
    """Everything from a changed alert to its delivery, at a time that the test says."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        self.outbound = Outbound(["127.0.0.0/8"])
        terms = Terms(outbound=self.outbound, public_url="https://traces.example", clock=lambda: self.now)
        self.notifying = Notifying(database, lambda: SEALER, terms, lambda: 1.0)

    def channel(self, channel: Channel) -> None:
        with self.database.writing() as connection:
            alert_channels.declare(connection, channel, declared_in="ui", now=self.now, sealer=SEALER)

    def changed(self, *changed: Alert) -> None:
        with self.database.writing() as connection:
            alerts.save(connection, changed)
            plan(connection, changed, self.now)

    def at(self, now: int) -> int:
        """Moves the time, and does what is due then."""
        self.now = now
        return self.notifying.once()

    def states(self) -> list[tuple[Sending, int]]:
        with self.database.reading() as connection:
            return [(each.state, each.attempts) for each in alert_notifications.newest(connection)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@contextmanager
def desk_on(url: str) -> Iterator[Desk]:
    with migrated(url) as database:
        desk = Desk(database)
        yield desk
        desk.outbound.close()


def hook(receiver: Receiver, **changes: object) -> WebhookChannel:
    return msgspec.structs.replace(WebhookChannel(name="hook", url=receiver.url), **changes)


def test_each_change_of_an_alert_is_told_once_and_in_order(database_url: str, receiver: Receiver) -> None:
    with desk_on(database_url) as desk:
        desk.channel(hook(receiver))
        desk.changed(firing())
        assert desk.at(NOW + 29 * SECOND) == 0
        assert desk.at(NOW + 30 * SECOND) == 1
        assert desk.at(NOW + 40 * SECOND) == 0
        desk.now = NOW + HOUR
        desk.changed(resolved(firing(), NOW + HOUR))
        assert desk.at(NOW + HOUR) == 1
        assert desk.at(NOW + 9 * HOUR) == 0
        told = [msgspec.json.decode(request.body) for request in receiver.requests]
        assert [each["status"] for each in told] == ["firing", "resolved"]
        assert told[0]["alerts"][0]["sessions_url"] == "https://traces.example/sessions?tool=tool-1&since=1&until=2"
        assert told[0]["alerts"][0]["evidence"] == ["12 × room is required"]
        names = [request.headers["idempotency-key"] for request in receiver.requests]
        assert names == [each["notification_id"] for each in told]
        assert len(set(names)) == 2


def test_what_was_not_taken_is_tried_again_under_the_same_id(database_url: str, receiver: Receiver) -> None:
    with desk_on(database_url) as desk:
        desk.channel(hook(receiver))
        before = NOTIFICATIONS.values()
        receiver.answers.extend([Answer(500), Answer(0), Answer(503, {"Retry-After": "120"})])
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        desk.at(NOW + 35 * SECOND)
        desk.at(NOW + 45 * SECOND)
        assert desk.states() == [(Sending.RETRYING, 3)]
        assert desk.at(NOW + 164 * SECOND) == 0
        assert desk.at(NOW + 165 * SECOND) == 1
        assert desk.states() == [(Sending.SENT, 4)]
        counted = {key: number - before.get(key, 0) for key, number in NOTIFICATIONS.values().items()}
        assert (counted["retrying",], counted["sent",]) == (3, 1)
        assert len({request.headers["idempotency-key"] for request in receiver.requests}) == 1


def test_that_it_is_over_waits_until_its_begin_was_told(database_url: str, receiver: Receiver) -> None:
    with desk_on(database_url) as desk:
        desk.channel(hook(receiver))
        receiver.answers.append(Answer(503, {"Retry-After": "1800"}))
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        desk.now = NOW + 10 * MINUTE
        desk.changed(resolved(firing(), NOW + 10 * MINUTE))
        assert desk.at(NOW + 10 * MINUTE) == 0
        assert desk.at(NOW + 31 * MINUTE) == 1
        assert desk.at(NOW + 31 * MINUTE) == 1
        told = [msgspec.json.decode(request.body)["status"] for request in receiver.taken()]
        assert told == ["firing", "resolved"]


def test_a_new_episode_does_not_overtake_what_waits_of_the_one_before(database_url: str, receiver: Receiver) -> None:
    with desk_on(database_url) as desk:
        desk.channel(hook(receiver))
        receiver.answers.append(Answer(503, {"Retry-After": "3600"}))
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        desk.now = NOW + 10 * MINUTE
        desk.changed(resolved(firing(), desk.now))
        desk.at(desk.now)
        again = firing(fired_at=NOW + 20 * MINUTE)
        desk.now = NOW + 20 * MINUTE
        desk.changed(again)
        assert desk.at(NOW + 30 * MINUTE) == 0
        for _ in range(3):
            desk.at(NOW + 2 * HOUR)
        told = [msgspec.json.decode(request.body)["alerts"][0] for request in receiver.taken()]
        assert [(each["status"], each["fired_at"][11:16]) for each in told] == [
            ("firing", "14:13"),
            ("resolved", "14:13"),
            ("firing", "14:33"),
        ]


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_what_will_never_be_taken_is_given_up_and_said(status: int, receiver: Receiver, sqlite_url: str) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver))
        receiver.answers.append(Answer(status, {"Location": "http://169.254.169.254/"}))
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        assert desk.states() == [(Sending.GIVEN_UP, 1)]
        with desk.database.reading() as connection:
            row = alert_channels.one(connection, "hook")
        assert row.last_error is not None
        assert str(status) in row.last_error
        assert desk.at(NOW + HOUR) == 0


def test_who_is_down_for_a_day_is_given_up_with_the_reason(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver, url="http://127.0.0.1:9/"))
        desk.changed(firing(repeat_seconds=10 * 86_400))
        now = NOW + 30 * SECOND
        desk.at(now)
        while desk.states()[0][0] is Sending.RETRYING:
            now += 10 * MINUTE
            desk.at(now)
        assert desk.states()[0][0] is Sending.GIVEN_UP
        with desk.database.reading() as connection:
            given_up = alert_notifications.newest(connection, states=[Sending.GIVEN_UP])
        assert given_up[0].error is not None
        assert "did not answer" in given_up[0].error
        assert desk.now - NOW >= 24 * HOUR
        with desk.database.reading() as connection:
            assert alert_notifications.given_up(connection, desk.now) == given_up
            assert alert_notifications.given_up(connection, desk.now + 1) == ()
        with desk.database.writing() as connection:
            assert alert_notifications.send_again(connection, given_up[0].notification_id, now=desk.now)
        desk.channel(hook(receiver))
        assert desk.at(desk.now) == 1
        assert len(receiver.requests) == 1


def test_two_who_send_at_once_send_each_notification_once(database_url: str, receiver: Receiver) -> None:
    with desk_on(database_url) as desk:
        for number in range(5):
            desk.channel(hook(receiver, name=f"hook {number}"))
        desk.changed(firing())
        desk.at(NOW)
        desk.now = NOW + 30 * SECOND
        terms = Terms(outbound=desk.outbound, public_url=None, clock=lambda: desk.now)
        others = [Notifying(desk.database, lambda: SEALER, terms, lambda: 1.0) for _ in range(2)]
        assert sum(each.once() for each in others) == 5
        assert len(receiver.requests) == 5


def test_who_died_while_sending_is_followed_by_another_and_cannot_write_any_more(
    database_url: str, receiver: Receiver
) -> None:
    with desk_on(database_url) as desk:
        desk.channel(hook(receiver))
        desk.changed(firing())
        desk.now = NOW + 30 * SECOND
        desk.notifying._look()
        (claimed, until), *_ = desk.notifying._claimed(())
        assert desk.at(NOW + 60 * SECOND) == 0
        assert desk.at(NOW + 211 * SECOND) == 1
        sent = msgspec.structs.replace(claimed, state=Sending.RETRYING)
        with desk.database.writing() as connection:
            assert not alert_notifications.done(connection, sent, claimed_until=until)
        assert desk.states() == [(Sending.SENT, 1)]


def test_a_silence_keeps_people_from_being_told_until_it_ends(database_url: str, receiver: Receiver) -> None:
    with desk_on(database_url) as desk:
        desk.channel(hook(receiver))
        silence = Silence(
            silence_id="cd" * 16,
            matchers=(Matcher(label="tool", value="tool-1"),),
            begins_at=NOW,
            ends_at=NOW + HOUR,
            author="Ada",
            comment="",
            created_at=NOW,
        )
        with desk.database.writing() as connection:
            alert_silences.save(connection, silence)
        desk.changed(firing(1), firing(2))
        desk.at(NOW + MINUTE)
        desk.at(NOW + 30 * MINUTE)
        first = msgspec.json.decode(receiver.requests[0].body)
        assert [alert["labels"]["tool"] for alert in first["alerts"]] == ["tool-2"]
        assert len(receiver.requests) == 1
        desk.at(NOW + HOUR + MINUTE)
        second = msgspec.json.decode(receiver.requests[1].body)
        assert [alert["labels"]["tool"] for alert in second["alerts"]] == ["tool-1", "tool-2"]


def test_a_channel_that_is_new_hears_of_what_fires_already(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        desk.changed(firing())
        desk.channel(hook(receiver))
        desk.at(NOW + 2 * MINUTE)
        desk.at(NOW + 3 * MINUTE)
        assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "other", [{"group_by": ("alertname", "tool")}, {"least": Severity.CRITICAL}, {"group_by": ()}], ids=str
)
def test_a_channel_that_changes_meanwhile_tells_those_who_heard_of_it_that_it_is_over(
    other: dict[str, object], sqlite_url: str, receiver: Receiver
) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver))
        alert = firing(severity=Severity.WARNING)
        desk.changed(alert)
        desk.at(NOW + 30 * SECOND)
        desk.channel(hook(receiver, **other))
        for minutes in range(1, 60 * 9):
            desk.at(NOW + minutes * MINUTE)
        desk.changed(resolved(alert, desk.now))
        for minutes in range(60 * 9, 60 * 30, 10):
            desk.at(NOW + minutes * MINUTE)
        told = [msgspec.json.decode(request.body) for request in receiver.requests]
        first = [each["status"] for each in told if each["group_labels"] == {"alertname": "Tool errors"}]
        later = [each["status"] for each in told if each["group_labels"] != {"alertname": "Tool errors"}]
        assert first == ["firing", "resolved"]
        assert later == ([] if "least" in other else ["firing", "firing", "firing", "resolved"])


def test_what_ended_while_its_channel_was_away_is_over_when_it_is_back(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver))
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        with desk.database.writing() as connection:
            alert_channels.remove(connection, "hook")
        desk.changed(resolved(firing(), NOW + MINUTE))
        desk.channel(hook(receiver))
        for minutes in range(1, 60 * 9, 10):
            desk.at(NOW + minutes * MINUTE)
        assert [msgspec.json.decode(each.body)["status"] for each in receiver.requests] == ["firing", "resolved"]


def test_the_receiver_can_check_who_signed_and_when(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver, secret="new-secret-of-hook", former_secret="old-secret-of-hook"))
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        request = receiver.requests[0]
        moment, *marks = request.headers["x-tracehub-signature"].split(",")
        assert moment == f"t={desk.now // SECOND}"
        signed = f"{desk.now // SECOND}.".encode() + request.body
        for mark, secret in zip(marks, ("new-secret-of-hook", "old-secret-of-hook"), strict=True):
            assert mark == "v1=" + hmac.new(secret.encode(), signed, sha256).hexdigest()


def test_alertmanagers_receivers_get_its_form(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver, form="alertmanager"))
        desk.changed(firing(1), firing(2))
        desk.at(NOW + 30 * SECOND)
        told = msgspec.json.decode(receiver.requests[0].body)
        assert (told["version"], told["status"], told["receiver"]) == ("4", "firing", "hook")
        assert told["commonLabels"] == {"alertname": "Tool errors", "severity": "critical"}
        assert told["groupLabels"] == {"alertname": "Tool errors"}
        assert {alert["endsAt"] for alert in told["alerts"]} == {"0001-01-01T00:00:00Z"}
        assert told["alerts"][0]["startsAt"] == "2026-09-21T14:13:20Z"


def test_a_template_of_ones_own_is_json_whatever_the_traces_say(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        template = '{"room": "ops", "says": "$subject", "more": $alerts, "price": "$$5"}'
        desk.channel(hook(receiver, form="template", template=template))
        desk.changed(firing(summary='a "quoted" \\ line\nbreak $text \u2028'))
        desk.at(NOW + 30 * SECOND)
        told = msgspec.json.decode(receiver.requests[0].body)
        assert told["says"] == '[Firing] a "quoted" \\ line break $text \u2028'
        assert told["price"] == "$5"
        assert told["more"][0]["status"] == "firing"


def test_addresses_inside_are_not_reached_unless_they_are_allowed(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        closed = Outbound()
        terms = Terms(outbound=closed, public_url=None, clock=lambda: desk.now)
        notifying = Notifying(desk.database, lambda: SEALER, terms, lambda: 1.0)
        desk.channel(hook(receiver))
        desk.changed(firing())
        desk.now = NOW + 30 * SECOND
        notifying.once()
        assert receiver.requests == []
        with desk.database.reading() as connection:
            (given_up,) = alert_notifications.newest(connection)
        assert given_up.error is not None
        assert "TRACEHUB_ALLOWED_NETWORKS" in given_up.error


def test_secrets_are_in_no_row_log_or_error(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        secret = f"{CANARY}-key-of-the-hook"
        url = f"{receiver.url}/{CANARY}"
        desk.channel(hook(receiver, url=url, secret=secret, headers={"X-Token": CANARY}))
        receiver.answers.append(Answer(500))
        with structlog.testing.capture_logs() as logs:
            desk.changed(firing())
            desk.at(NOW + 30 * SECOND)
            desk.channel(hook(receiver, url="http://127.0.0.1:9/" + CANARY))
            desk.at(NOW + 45 * SECOND)
        with desk.database.reading() as connection:
            rows = alert_channels.every(connection)
            log = alert_notifications.newest(connection)
            dump = [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM alert_channels")]
        assert CANARY not in f"{logs} {rows} {log} {dump}"
        assert rows[0].channel.url == SEALED  # type: ignore[union-attr]


def test_who_enters_a_channel_cannot_have_this_machines_secrets_sent_to_it(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        for changes in ({"url": "file:tracehub.key"}, {"secret": "env:HOME"}, {"headers": {"X-A": "env:HOME"}}):
            with pytest.raises(PermanentError, match="configuration file"):
                desk.channel(hook(receiver, **changes))


def test_a_secret_that_is_missing_may_still_be_put_there(
    sqlite_url: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_on(sqlite_url) as desk:
        with desk.database.writing() as connection:
            channel = hook(receiver, secret="env:TRACEHUB_TEST_HOOK")
            alert_channels.declare(connection, channel, declared_in="file", now=NOW)
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        assert desk.states() == [(Sending.RETRYING, 1)]
        monkeypatch.setenv("TRACEHUB_TEST_HOOK", "a-secret")
        desk.at(NOW + 35 * SECOND)
        assert desk.states() == [(Sending.SENT, 2)]


def test_another_master_secret_gives_nothing_up_at_once(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver))
        desk.changed(firing())
        terms = Terms(outbound=desk.outbound, public_url=None, clock=lambda: desk.now)
        desk.now = NOW + 30 * SECOND
        Notifying(desk.database, lambda: Sealer(b"n" * 32), terms, lambda: 1.0).once()
        assert desk.states() == [(Sending.RETRYING, 1)]
        desk.at(NOW + 35 * SECOND)
        assert desk.states() == [(Sending.SENT, 2)]


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "X-Tracehub-Signature", "a b", "a:"])
def test_headers_that_would_make_another_request_of_it_are_refused(name: str) -> None:
    with pytest.raises(PermanentError, match="header"):
        read_channel({"kind": "webhook", "name": "x", "url": "https://x.example/", "headers": {name: "1"}})


def test_a_header_out_of_a_file_cannot_add_others(sqlite_url: str, receiver: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"a\r\nX-Evil: {CANARY}")
    with desk_on(sqlite_url) as desk:
        with desk.database.writing() as connection:
            channel = hook(receiver, headers={"X-Token": f"file:{file}"})
            alert_channels.declare(connection, channel, declared_in="file", now=NOW)
        desk.changed(firing())
        desk.at(NOW + 30 * SECOND)
        with desk.database.reading() as connection:
            (given_up,) = alert_notifications.newest(connection)
        assert given_up.error == "the header X-Token has a value that cannot be sent"
        assert receiver.requests == []


def test_a_slow_receiver_neither_holds_up_others_nor_the_end(database_url: str, receiver: Receiver) -> None:
    with desk_on(database_url) as desk, receiving() as slow:
        for number in range(3):
            slow.answers.append(Answer(seconds=30))
            desk.channel(hook(slow, name=f"slow {number}", group_wait=0))
        desk.channel(hook(receiver, name="swift", group_wait=0))
        desk.changed(firing())
        desk.notifying.start()
        assert receiver.came.wait(20)
        assert slow.came.wait(20)
        desk.notifying.stop(0.2)
        assert not desk.notifying.alive


def test_a_secret_that_is_kept_needs_not_be_entered_again(sqlite_url: str, receiver: Receiver) -> None:
    with desk_on(sqlite_url) as desk:
        desk.channel(hook(receiver, secret="s3cret-of-the-hook"))
        with desk.database.reading() as connection:
            shown = alert_channels.one(connection, "hook").channel
        desk.channel(msgspec.structs.replace(shown, group_wait=0))
        with desk.database.reading() as connection:
            row = alert_channels.one(connection, "hook")
            opened = alert_channels.opened(connection, row, lambda: SEALER)
        assert opened == hook(receiver, secret="s3cret-of-the-hook", group_wait=0)
        with desk.database.reading() as connection, pytest.raises(PermanentError, match="TRACEHUB_SECRET_KEY"):
            alert_channels.opened(connection, row, lambda: Sealer(b"n" * 32))
