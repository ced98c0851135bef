"""Silences that are made from an alert: one click, for a while."""

from tracehub.model.alert import Alert
from tracehub.model.silence import MOST_PATTERN, Matcher, Operator, Silence
from tracehub.web.filters import BadQueryError

_HOUR = 3_600_000_000
TIMES = {"1h": _HOUR, "4h": 4 * _HOUR, "1d": 24 * _HOUR, "7d": 7 * 24 * _HOUR}
# Rules may be made graver without their alerts becoming others.
_CHANGING = {"severity"}


def silence_of(alert: Alert, word: str, *, silence_id: str, author: str, now: int) -> Silence:
    """A silence of this alert alone, from now on; BadQueryError where `word` is none of TIMES."""
    if word not in TIMES:
        raise BadQueryError("for", f"one of {', '.join(TIMES)}")
    return Silence(
        silence_id=silence_id,
        matchers=matchers_of(alert),
        begins_at=now,
        ends_at=now + TIMES[word],
        author=author,
        comment="muted on the page of alerts",
        created_at=now,
    )


def matchers_of(alert: Alert) -> tuple[Matcher, ...]:
    """Conditions on the labels that tell the alert from others."""
    return tuple(_matcher(name, value) for name, value in sorted(alert.labels.items()) if name not in _CHANGING)


def written(matcher: Matcher) -> str:
    """As people write it: `tool=book_room`."""
    return f"{matcher.label}{matcher.operator.value}{matcher.value}"


def _matcher(name: str, value: str) -> Matcher:
    if len(value) <= MOST_PATTERN:
        return Matcher(label=name, value=value)
    # What is too long for a condition is known by how it begins; what means something in patterns stands for any sign.
    begins = "".join("?" if sign in "*?|" else sign for sign in value[: MOST_PATTERN - 1])
    return Matcher(label=name, operator=Operator.LIKE, value=f"{begins}*")
