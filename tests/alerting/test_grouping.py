"""Alerts of a group share messages: once when they fire, again while they do, once when they are over."""

from hypothesis import given
from hypothesis import strategies as st

from tests.alerting.alerts import HOUR, MINUTE, NOW, SECOND, firing, resolved
from tracehub.alerting.grouping import MOST_MEMBERS, concerns, episode_of, flushed, group_of, with_news
from tracehub.model.alert import Alert, AlertState, Severity
from tracehub.model.channel import WebhookChannel
from tracehub.model.notification import Group, Notification

CHANNEL = WebhookChannel(name="hook", url="https://hook.example/")


class Told:
    """One channel's group over time."""

    def __init__(self, channel: WebhookChannel = CHANNEL) -> None:
        self.channel = channel
        self.group: Group | None = None
        self.sent: list[Notification] = []

    def news(self, now: int, *alerts: Alert) -> None:
        self.group = with_news(self.group, alerts, {}, self.channel, now)

    def tick(self, now: int, *, silenced: bool = False, waiting: bool = False) -> Notification | None:
        if self.group is None or self.group.flush_at is None or self.group.flush_at > now:
            return None
        everybody = dict.fromkeys(self.group.members, silenced)
        self.group, sent = flushed(self.group, "00" * 16, self.channel, everybody, now, waiting=waiting)
        if sent is not None:
            self.sent.append(sent)
        return sent


def test_a_new_group_waits_for_more_of_its_alerts_and_tells_of_them_together() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.news(NOW + 10 * SECOND, firing(2))
    assert told.tick(NOW + 29 * SECOND) is None
    sent = told.tick(NOW + 30 * SECOND)
    assert sent is not None
    assert sent.message.firing == (firing(1), firing(2))


def test_further_news_waits_for_the_interval_of_the_group() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.tick(NOW + MINUTE)
    told.news(NOW + 2 * MINUTE, firing(2))
    assert told.tick(NOW + 5 * MINUTE) is None
    sent = told.tick(NOW + 6 * MINUTE)
    assert sent is not None
    assert sent.message.firing == (firing(1), firing(2))
    assert not sent.message.again


def test_what_goes_on_is_told_again_after_its_interval_and_not_before() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.tick(NOW + MINUTE)
    assert told.tick(NOW + 4 * HOUR) is None
    sent = told.tick(NOW + MINUTE + 4 * HOUR)
    assert sent is not None
    assert sent.message.again
    assert sent.notification_id != told.sent[0].notification_id


def test_that_it_is_over_is_told_once_and_then_nothing_more() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.tick(NOW + MINUTE)
    over = resolved(firing(1), NOW + 10 * MINUTE)
    told.news(NOW + 10 * MINUTE, over)
    sent = told.tick(NOW + 10 * MINUTE)
    assert sent is not None
    assert (sent.message.firing, sent.message.resolved) == ((), (over,))
    assert told.group is not None
    assert not told.group.members
    assert told.group.flush_at is None


def test_what_fired_and_was_over_before_anybody_was_told_is_told_all_the_same() -> None:
    told = Told()
    told.news(NOW, firing(1))
    over = resolved(firing(1), NOW + 20 * SECOND)
    told.news(NOW + 20 * SECOND, over)
    sent = told.tick(NOW + 30 * SECOND)
    assert sent is not None
    assert sent.message.resolved == (over,)
    assert told.tick(NOW + 5 * HOUR) is None


def test_a_flap_is_told_as_two_episodes() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.tick(NOW + 30 * SECOND)
    again = firing(1, fired_at=NOW + 2 * MINUTE)
    told.news(NOW + MINUTE, resolved(firing(1), NOW + MINUTE))
    told.news(NOW + 2 * MINUTE, again)
    sent = told.tick(NOW + 6 * MINUTE)
    assert sent is not None
    assert sent.message.firing == (again,)
    assert [alert.fired_at for alert in sent.message.resolved] == [NOW]


def test_nobody_is_told_in_a_silence_and_everybody_after_it_if_it_goes_on() -> None:
    told = Told()
    told.news(NOW, firing(1))
    assert told.tick(NOW + 30 * SECOND, silenced=True) is None
    assert told.tick(NOW + 89 * SECOND) is None
    assert told.tick(NOW + 90 * SECOND) is not None


def test_what_ends_in_its_silence_is_never_told() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.news(NOW + MINUTE, resolved(firing(1), NOW + MINUTE))
    assert told.tick(NOW + MINUTE, silenced=True) is None
    assert told.tick(NOW + HOUR) is None


def test_that_it_is_over_is_told_in_a_silence_where_its_begin_was() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.tick(NOW + MINUTE)
    told.news(NOW + 10 * MINUTE, resolved(firing(1), NOW + 10 * MINUTE))
    sent = told.tick(NOW + 10 * MINUTE, silenced=True)
    assert sent is not None
    assert sent.message.resolved


def test_a_channel_that_wants_no_end_hears_of_none() -> None:
    told = Told(WebhookChannel(name="hook", url="https://hook.example/", resolved=False))
    told.news(NOW, firing(1))
    told.tick(NOW + MINUTE)
    told.news(NOW + 10 * MINUTE, resolved(firing(1), NOW + 10 * MINUTE))
    assert told.tick(NOW + 10 * MINUTE) is None
    assert told.group is not None
    assert not told.group.members


def test_a_channel_that_wants_no_end_forgets_what_ended_before_it_was_told() -> None:
    told = Told(WebhookChannel(name="hook", url="https://hook.example/", resolved=False))
    told.news(NOW, firing(1))
    told.news(NOW + SECOND, resolved(firing(1), NOW + SECOND))
    assert told.tick(NOW + MINUTE) is None
    assert told.group is not None
    assert (told.group.members, told.group.flush_at) == ({}, None)


def test_what_finds_no_room_in_a_message_follows_in_the_next_and_is_counted() -> None:
    told = Told()
    alerts = [firing(number) for number in range(MOST_MEMBERS + 50)]
    told.news(NOW, *alerts)
    told.tick(NOW + 30 * SECOND)
    told.tick(NOW + 2 * MINUTE)
    told.news(NOW + HOUR, *(resolved(alert, NOW + HOUR) for alert in alerts))
    told.tick(NOW + HOUR)
    told.tick(NOW + HOUR + MINUTE)
    assert told.tick(NOW + 9 * HOUR) is None
    begun, more, ended, rest = [each.message for each in told.sent]
    assert [each.others for each in (begun, more, ended, rest)] == [50, 50, 50, 0]
    assert {alert.alert_id for each in (begun, more) for alert in each.firing} == {each.alert_id for each in alerts}
    assert {alert.alert_id for each in (ended, rest) for alert in each.resolved} == {each.alert_id for each in alerts}
    assert len(ended.resolved) + len(rest.resolved) == len(alerts)


def test_that_it_goes_on_is_not_told_while_a_message_about_it_still_waits() -> None:
    told = Told()
    told.news(NOW, firing(1))
    told.tick(NOW + MINUTE)
    assert told.tick(NOW + 5 * HOUR, waiting=True) is None
    sent = told.tick(NOW + 6 * HOUR)
    assert sent is not None
    assert sent.message.again


def test_a_rule_tells_the_channels_it_names_or_all_if_it_names_none() -> None:
    assert concerns(firing(1), CHANNEL)
    assert concerns(firing(1, channels=("hook",)), CHANNEL)
    assert not concerns(firing(1, channels=("other",)), CHANNEL)
    only_critical = WebhookChannel(name="hook", url="https://hook.example/", least=Severity.CRITICAL)
    assert not concerns(firing(1, severity=Severity.WARNING), only_critical)


def test_alerts_are_in_one_group_if_the_labels_of_the_channel_say_so() -> None:
    by_tool = WebhookChannel(name="hook", url="https://hook.example/", group_by=("alertname", "tool"))
    together = WebhookChannel(name="hook", url="https://hook.example/", group_by=())
    assert group_of(firing(1), CHANNEL) == group_of(firing(2), CHANNEL)
    assert group_of(firing(1), by_tool) != group_of(firing(2), by_tool)
    assert group_of(firing(1, labels={"alertname": "x"}), together) == group_of(firing(2), together)


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.integers(0, 900), st.booleans()), max_size=40))
def test_every_episode_is_told_once_and_ends_once_whatever_happens(
    happenings: list[tuple[int, bool, int, bool]],
) -> None:
    """Until all is quiet, each episode that was not over inside a silence stands in a message, and none is told as new
    twice."""
    told, now = Told(), NOW
    current: dict[int, Alert] = {}
    episodes: set[str] = set()
    quiet: set[str] = set()
    for number, fires, seconds, silenced in happenings:
        now += seconds * SECOND
        told.tick(now, silenced=silenced)
        if fires and number not in current:
            current[number] = firing(number, fired_at=now)
            episodes.add(episode_of(current[number]))
            told.news(now, current[number])
        elif not fires and number in current:
            over = resolved(current.pop(number), now)
            told.news(now, over)
            quiet.add(episode_of(over))
    for alert in current.values():
        told.news(now, resolved(alert, now))
    for _ in range(10):
        now += 10 * MINUTE
        told.tick(now)
    seen_firing = [episode_of(alert) for each in told.sent for alert in each.message.firing if not each.message.again]
    ended = [episode_of(alert) for each in told.sent for alert in each.message.resolved]
    assert len(ended) == len(set(ended))
    assert set(seen_firing) <= set(ended)
    assert set(ended) <= episodes
    assert episodes - set(ended) <= quiet
    assert len({each.notification_id for each in told.sent}) == len(told.sent)
    assert [each.number for each in told.sent] == list(range(1, len(told.sent) + 1))
    assert all(alert.state is not AlertState.PENDING for each in told.sent for alert in each.message.firing)
