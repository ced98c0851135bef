"""A sender for tests: over a real database, to a real receiver, with a clock and a chance of the test's own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import update

from tests.exporters.receiver import Receiver, SpanId
from tests.stores import KNOWLEDGE
from tracehub.analytics import content
from tracehub.exporters.mapping import resource_spans
from tracehub.model.destination import Destination
from tracehub.model.export_rows import DestinationRow, ExportRow
from tracehub.model.listing import Filter
from tracehub.outbound import Outbound
from tracehub.pipeline.exporting import Parts, Sender, terms_of
from tracehub.store import destinations, export_outbox, traces
from tracehub.store.database import Database
from tracehub.store.schema import export_destinations
from tracehub.store.schema import export_outbox as outbox

NAME = "receiver"
NOW = 1_790_000_000_000_000


def place(receiver: Receiver, **changes: object) -> Destination:
    """The receiver, as a destination that waits for nothing."""
    settled: dict[str, object] = {"settle_seconds": 0, "hold_minutes": 0, **changes}
    return Destination(name=NAME, endpoint=receiver.address, **settled)  # type: ignore[arg-type]


def declare(database: Database, destination: Destination) -> None:
    """Declares it, as in the configuration file."""
    with database.writing() as connection:
        destinations.declare(connection, destination, declared_in="file", now=1)


@contextmanager
def parts(database: Database, **changes: object) -> Iterator[Parts]:
    """What senders are made of."""
    outbound = Outbound(["127.0.0.0/8"])
    given: dict[str, object] = {
        "seconds": lambda: 0.0,
        "random": lambda: 0.5,
        "clock": lambda: NOW,
        "environment": {},
        "unseal": lambda *_: "",
        # Nothing is tried again because a test took its time.
        "first_seconds": 600.0,
        **changes,
    }
    try:
        yield Parts(database=database, knowledge=KNOWLEDGE, outbound=outbound, **given)  # type: ignore[arg-type]
    finally:
        outbound.close()


@contextmanager
def sender(database: Database, **changes: object) -> Iterator[Sender]:
    """One sender, stepped by the test."""
    with parts(database, **changes) as given:
        yield Sender(NAME, given, threading.Event())


def send_all(one: Sender) -> None:
    """Steps until there is nothing to do at once."""
    for _ in range(1000):
        if one.step() > 0:
            return
    raise AssertionError("the sender finds no end")


def let_time_pass(database: Database) -> None:
    """Makes everything that is waited for due now."""
    with database.writing() as connection:
        connection.execute(update(export_destinations).values(retry_at=0))
        connection.execute(update(outbox).where(outbox.c.next_at.is_not(None)).values(next_at=0))


def standing(database: Database) -> DestinationRow:
    """How the destination is doing."""
    with database.reading() as connection:
        return destinations.one(connection, NAME)


def rows(database: Database) -> dict[str, ExportRow]:
    """What became of each trace."""
    with database.reading() as connection:
        stored = [row.trace_id for row in traces.page(connection, Filter(), limit=10_000).rows]
        return {trace_id: found for trace_id in stored for found in export_outbox.of_trace(connection, trace_id)}


def exported_ids(database: Database, destination: Destination) -> set[SpanId]:
    """The ids of all spans of all stored traces, as they are exported."""
    found: set[SpanId] = set()
    with database.reading() as connection:
        for row in traces.page(connection, Filter(), limit=10_000).rows:
            trace = content.trace(connection, row.trace_id, KNOWLEDGE)
            for resource in resource_spans(trace, terms_of(destination), received_at=row.received_at):
                found |= {
                    (span.trace_id.hex(), span.span_id.hex()) for scope in resource.scope_spans for span in scope.spans
                }
    return found
