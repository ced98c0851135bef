"""Synthetic events for tests, from the demo's generator."""

from datetime import UTC, datetime
from functools import cache
from io import BytesIO

from tracehub.bedrock.decode import decode
from tracehub.demo.generate import generate, write
from tracehub.model.record import Event, Limits, Record

UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)


@cache
def demo_lines(sessions: int, seed: int = 7) -> bytes:
    """Exchanges of some demo sessions, one a line."""
    out = BytesIO()
    write(generate(seed=seed, sessions=sessions, until=UNTIL), out)
    return out.getvalue()


@cache
def demo_events(sessions: int, seed: int = 7) -> tuple[Event, ...]:
    """The events of some demo sessions in the order of their streams."""
    record = Record(data=demo_lines(sessions, seed), source="demo", received_at=0)
    return decode(record, Limits()).events
