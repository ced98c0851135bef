"""Writes times as AWS does."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(microseconds: int) -> str:
    """ISO 8601 with nanoseconds, as the wire has them."""
    seconds, rest = divmod(microseconds, 1_000_000)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:06d}{(rest * 7) % 1000:03d}Z"


def microseconds_of(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
