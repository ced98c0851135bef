"""What a chart of values draws: lines where something was known, shades where it fired."""

from tests.web.alerts.made import MINUTE, NOW, an_alert
from tracehub.model.alert import AlertState
from tracehub.model.measure import Unit
from tracehub.model.rule import HistoryPoint
from tracehub.web.alerts.episodes import Episode, episodes_of
from tracehub.web.alerts.value_chart import MOST_POINTS, Point, value_chart

HOUR = 60 * MINUTE


def _history(*found: tuple[int, float | None, str]) -> list[HistoryPoint]:
    return [
        HistoryPoint(at=NOW + at * MINUTE, value=value, threshold=0.05, samples=10, state=state)
        for at, value, state in found
    ]


def test_a_line_is_broken_where_nothing_was_known() -> None:
    points = [
        Point(NOW + at * MINUTE, value, 0.5) for at, value in ((0, 0.1), (5, 0.2), (10, None), (15, 0.3), (60, 1))
    ]
    chart = value_chart("x", points, (), NOW, NOW + HOUR, Unit.SHARE)
    assert chart is not None
    assert (chart.line.count("M"), chart.line.count("L")) == (3, 1)
    assert [limit.text for limit in chart.thresholds] == ["threshold 50 %"]


def test_what_nobody_measured_has_no_chart() -> None:
    assert value_chart("x", [Point(NOW, None, None)], (), NOW, NOW + HOUR, Unit.SHARE) is None


def test_thresholds_that_wander_are_a_line() -> None:
    points = [Point(NOW + at * MINUTE, 1, at + 1) for at in (0, 5, 10)]
    chart = value_chart("x", points, (), NOW, NOW + HOUR, Unit.SECONDS)
    assert chart is not None
    assert (chart.thresholds, chart.threshold_line.count("L")) == ((), 2)


def test_a_month_of_points_weighs_no_more_than_a_picture_needs() -> None:
    points = [Point(NOW + at * MINUTE, at % 7, None) for at in range(0, 30 * 1440, 5)]
    chart = value_chart("x", points, (), NOW, NOW + 30 * 24 * HOUR, Unit.COUNT)
    assert chart is not None
    assert chart.line.count("L") + chart.line.count("M") <= MOST_POINTS + 1
    assert len(chart.line) < 10_000


def test_few_samples_are_drawn_faintly() -> None:
    points = [Point(NOW, 1, None, few=True), Point(NOW + 5 * MINUTE, 0.5, None)]
    chart = value_chart("x", points, (), NOW, NOW + HOUR, Unit.SHARE)
    assert chart is not None
    assert (chart.line.count("M"), chart.faint.count("L")) == (1, 1)


def test_shades_end_at_the_edges() -> None:
    fired = [(NOW - HOUR, NOW + HOUR // 2), (NOW - 3 * HOUR, NOW - 2 * HOUR)]
    chart = value_chart("x", [Point(NOW, 1, None)], fired, NOW, NOW + HOUR, Unit.SHARE)
    assert chart is not None
    assert [shade.x for shade in chart.shades] == ["0.00"]


def test_every_time_it_fired_is_an_episode() -> None:
    history = _history(
        (0, 0.1, "pending"), (5, 0.2, "firing"), (10, 0.4, "firing"), (15, 0.0, "resolved"), (60, 0.3, "firing")
    )
    found = episodes_of(history, an_alert(1))
    assert found == (
        Episode(began_at=NOW + 60 * MINUTE, ended_at=None, highest=0.3, threshold=0.05),
        Episode(began_at=NOW + 5 * MINUTE, ended_at=NOW + 15 * MINUTE, highest=0.4, threshold=0.05),
    )


def test_without_a_history_the_alert_itself_is_its_episode() -> None:
    alert = an_alert(1, state=AlertState.RESOLVED, resolved_at=NOW)
    assert [each.ended_at for each in episodes_of([], alert)] == [NOW]
    assert episodes_of([], an_alert(1, fired_at=None)) == ()
