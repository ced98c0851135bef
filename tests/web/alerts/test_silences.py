"""What is typed into the form of a silence, and what one click makes."""

import pytest

from tests.web.alerts.made import MINUTE, NOW, an_alert
from tracehub.alerting.silencing import matches
from tracehub.errors import PermanentError
from tracehub.model.silence import Matcher, Operator, Weekly
from tracehub.web.alerts.moments_typed import minutes_in, moment_in, typed_moment
from tracehub.web.alerts.muting import silence_of
from tracehub.web.alerts.silence_form import SilenceError, silence_in

TYPED = {"matchers": ["tool=book_room\nseverity=~warning|info"], "for": ["4h"], "author": ["ana"]}


def test_a_silence_is_what_was_typed() -> None:
    silence = silence_in(TYPED, silence_id="a" * 32, now=NOW)
    assert silence.matchers == (
        Matcher(label="tool", value="book_room"),
        Matcher(label="severity", operator=Operator.LIKE, value="warning|info"),
    )
    assert (silence.begins_at, silence.ends_at) == (NOW, NOW + 240 * MINUTE)


def test_a_maintenance_window_may_have_no_end() -> None:
    hours = {"weekdays": ["Sunday"], "from": ["22:00"], "until": ["6:00"], "zone": ["Europe/Berlin"], "for": [""]}
    silence = silence_in(TYPED | hours, silence_id="a" * 32, now=NOW)
    assert silence.ends_at is None
    assert silence.weekly == Weekly(weekdays=(6,), begins=22 * 60, ends=6 * 60, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("matchers", {"matchers": [""]}),
        ("matchers", {"matchers": ["tool"]}),
        ("author", {"author": [" "]}),
        ("ends", {"for": [""]}),
        ("ends", {"ends": ["soon"]}),
        ("ends", {"ends": ["2020-01-01"]}),
        ("begins", {"begins": ["2300-01-01"]}),
        ("zone", {"weekdays": ["Sunday"], "zone": ["Nowhere/At all"]}),
        ("from", {"weekdays": ["Sunday"], "from": ["25:00"]}),
    ],
)
def test_what_is_wrong_is_told_of_its_field(field: str, changes: dict[str, list[str]]) -> None:
    with pytest.raises(SilenceError) as caught:
        silence_in(TYPED | changes, silence_id="a" * 32, now=NOW)
    assert caught.value.field == field


def test_one_click_silences_this_alert_and_no_other() -> None:
    silence = silence_of(an_alert(1), "1h", silence_id="a" * 32, author="somebody", now=NOW)
    assert matches(an_alert(1).labels, silence)
    assert matches(an_alert(1).labels | {"severity": "warning"}, silence)
    assert not matches(an_alert(1).labels | {"tool": "get_order"}, silence)


def test_labels_that_are_too_long_for_a_condition_are_silenced_too() -> None:
    long = {"alertname": "x", "agent": "a|b*" + "c" * 400}
    silence = silence_of(an_alert(1, labels=long), "1h", silence_id="a" * 32, author="somebody", now=NOW)
    assert matches(long, silence)
    assert not matches(long | {"agent": "d" + "c" * 400}, silence)


def test_moments_are_typed_as_times_or_as_how_long_from_now() -> None:
    assert moment_in("1970-01-02 00:00", NOW) == 86_400_000_000
    assert moment_in("1h30m", NOW) == NOW + 90 * MINUTE
    assert moment_in(typed_moment(NOW), 0) == NOW - NOW % MINUTE
    assert minutes_in("6:05") == 365
    with pytest.raises(PermanentError):
        moment_in("soon", NOW)
