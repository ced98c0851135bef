"""When an alert fired: the stretches that its history shows."""

from collections.abc import Iterable, Sequence

import msgspec

from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule import HistoryPoint


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of firing (microseconds); `ended_at` is None while it lasts, `highest` the largest value in it."""

    began_at: int
    ended_at: int | None
    highest: float | None
    threshold: float | None


def episodes_of(history: Sequence[HistoryPoint], alert: Alert) -> tuple[Episode, ...]:
    """The episodes in `history` (oldest first), the newest first; the newest of `alert` begins and ends as it says."""
    found: list[Episode] = []
    firing: list[HistoryPoint] = []
    for point in history:
        if point.state == AlertState.FIRING.value:
            firing.append(point)
            continue
        if firing:
            found.append(_episode(firing, point.at))
            firing = []
    if firing:
        ended = alert.resolved_at if alert.state is AlertState.RESOLVED else None
        found.append(_episode(firing, ended))
    if not found and alert.fired_at is not None:
        found.append(
            Episode(began_at=alert.fired_at, ended_at=alert.resolved_at, highest=alert.value, threshold=alert.threshold)
        )
    return tuple(reversed(found))


def stretches(episodes: Iterable[Episode], now: int) -> list[tuple[int, int]]:
    """From when to when each fired, as charts shade it."""
    return [(each.began_at, each.ended_at if each.ended_at is not None else now) for each in episodes]


def _episode(firing: Sequence[HistoryPoint], ended_at: int | None) -> Episode:
    return Episode(
        began_at=firing[0].at,
        ended_at=ended_at,
        highest=max((point.value for point in firing if point.value is not None), default=None),
        threshold=firing[-1].threshold,
    )
