"""Keeps sending what waits for each destination, each in a thread of its own, so that none waits for another."""

import threading
from collections.abc import Callable, Mapping

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tracehub.analytics.knowledge import Knowledge
from tracehub.errors import NotFoundError, PermanentError, TracehubError
from tracehub.exporters.cutting import MOST_BYTES
from tracehub.exporters.headers import headers_of
from tracehub.exporters.otlp_grpc import GrpcSender
from tracehub.exporters.otlp_http import Endpoint, post
from tracehub.exporters.outcome import Outcome
from tracehub.exporters.terms import Content, Dialect, Profile, Terms
from tracehub.model.destination import Destination, Signal, address_of
from tracehub.model.export_rows import DestinationRow
from tracehub.outbound import Outbound
from tracehub.pipeline.export_links import Linking
from tracehub.pipeline.exports_due import REMEMBERED_US
from tracehub.pipeline.sending import Memory, Place, Round
from tracehub.store import destinations, export_outbox
from tracehub.store.database import Database
from tracehub.store.dialect import now

_log = structlog.get_logger(__name__)

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 300.0
TIDY_SECONDS = 15.0
# A claim is asked about before each request, and must outlast the slowest one.
LEASE_TIMEOUTS = 6
# What waits for a destination that stands still is kept so long, however short its own patience.
STANDING_STILL_HOURS = 168.0
_UNPREPARED_SECONDS = 30.0
_SECOND = 1_000_000


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What senders are made of. `clock` tells microseconds since 1970 UTC, `seconds` only ever grows, `random` gives
    numbers from 0 to 1; `unseal` opens what was entered in the UI."""

    database: Database
    knowledge: Knowledge
    outbound: Outbound
    clock: Callable[[], int]
    seconds: Callable[[], float]
    random: Callable[[], float]
    environment: Mapping[str, str]
    unseal: Callable[[bytes, str], str]
    instance_id: str | None = None
    lease_seconds: float = 30.0
    first_seconds: float = FIRST_SECONDS
    poll_seconds: float = 1.0


def delay(failures: int, after: float | None, random: Callable[[], float], first: float = FIRST_SECONDS) -> float:
    """Seconds to wait after so many failures in a row: a random share of a bound that doubles ("full jitter"), and no
    less than the receiver asked for; who waits for its hour comes a little after it, not all at once."""
    bound = min(LONGEST_SECONDS, first * float(1 << min(failures, 30)))
    jittered = bound * random()
    return jittered if after is None else after + min(jittered, 0.1 * after + first)


def terms_of(destination: Destination, instance_id: str | None = None) -> Terms:
    """How traces are written for it."""
    return Terms(
        profile=Profile(destination.profile),
        dialect=Dialect(destination.dialect),
        content=Content(destination.content),
        content_chars=destination.content_chars,
        service_name=destination.service_name,
        environment=destination.environment,
        instance_id=instance_id,
        resource_attributes=destination.resource_attributes,
        id_salt=destination.id_salt,
    )


def endpoint_of(row: DestinationRow, destination: Destination, parts: Parts, signal: Signal = "traces") -> Endpoint:
    """Where its traces or metrics are posted to, secrets opened. PermanentError where one of them is missing."""
    headers = headers_of(
        destination,
        signal,
        declared_in=row.declared_in,
        secrets=row.secrets,
        unseal=parts.unseal,
        environment=parts.environment,
    )
    return Endpoint(
        url=address_of(destination, signal),
        headers=headers,
        compression=destination.compression,
        seconds=destination.timeout_seconds,
    )


def sending_to(endpoint: Endpoint, destination: Destination, parts: Parts) -> Callable[[bytes], Outcome]:
    """What posts requests there, over the protocol it is declared with."""
    if destination.protocol == "grpc":
        # gRPC's methods have names of their own: it is the host alone that counts.
        return GrpcSender(parts.outbound, msgspec.structs.replace(endpoint, url=destination.endpoint)).send
    return lambda body: post(parts.outbound, endpoint, body, clock=lambda: parts.clock() / _SECOND)


class Sender:
    """Sends to one destination, a step at a time."""

    def __init__(self, name: str, parts: Parts, stopping: threading.Event) -> None:
        self._name = name
        self._parts = parts
        self._stopping = stopping
        self._memory = Memory(most_bytes=MOST_BYTES)
        self._place: Place | None = None
        self._generation: int | None = None
        self._tidied_at: float | None = None

    def step(self) -> float:
        """Sends what fits into a round; how many seconds to rest. NotFoundError where the destination is gone."""
        database, poll = self._parts.database, self._parts.poll_seconds
        with database.reading() as connection:
            row = destinations.one(connection, self._name)
            at = now(connection)
            due = export_outbox.any_due(connection, self._name)
        destination = destinations.read(row)
        self._tidy(row, destination)
        if row.stands_still or not destination.traces:
            return poll
        if row.retry_at > at:
            return min(poll, (row.retry_at - at) / _SECOND)
        if not due:
            return poll
        try:
            place = self._prepared(row, destination)
        except PermanentError as error:
            with database.writing() as connection:
                destinations.note_error(connection, self._name, str(error), now=now(connection))
            return max(poll, _UNPREPARED_SECONDS)
        sending = Round(
            database,
            self._parts.knowledge,
            row,
            place,
            self._memory,
            stopping=self._stopping,
            seconds=self._parts.seconds,
        )
        return 0.0 if sending.run() else poll

    def _prepared(self, row: DestinationRow, destination: Destination) -> Place:
        if self._place is not None and self._generation == row.generation:
            return self._place
        parts = self._parts
        endpoint = endpoint_of(row, destination, parts)
        terms = terms_of(destination, parts.instance_id)
        self._place = Place(
            destination=destination,
            endpoint=endpoint,
            terms=terms,
            linking=Linking(terms, parts.knowledge),
            lease_seconds=max(parts.lease_seconds, LEASE_TIMEOUTS * destination.timeout_seconds),
            send=sending_to(endpoint, destination, parts),
            delay=lambda failures, after: delay(failures, after, parts.random, parts.first_seconds),
        )
        self._generation = row.generation
        self._memory = Memory(most_bytes=MOST_BYTES)
        return self._place

    def _tidy(self, row: DestinationRow, destination: Destination) -> None:
        """Gives up what waited too long or is too old, and forgets what ended long ago, every now and then."""
        seconds = self._parts.seconds()
        if self._tidied_at is not None and seconds - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = seconds
        with self._parts.database.writing() as connection:
            tidy(connection, row, destination, now(connection))


def tidy(connection: Connection, row: DestinationRow, destination: Destination, at: int) -> None:
    """Gives up what waited too long or is too old, drops what is too much, forgets what ended long ago. All of it is
    counted."""
    hours = destination.retry_hours
    reason = f"nobody there took it for {hours:g} hours"
    if row.stands_still:
        hours = max(hours, STANDING_STILL_HOURS)
        reason = f"sending stood still for {hours:g} hours: {row.stopped_reason or 'a person paused it'}"
    expired = export_outbox.expire(connection, row.name, due_before=at - int(hours * 3600 * _SECOND), reason=reason)
    if destination.max_age_us is not None and not row.stands_still:
        age = (
            f"it began more than {destination.max_age_us / 3600 / _SECOND:g} hours ago, which {row.name} does not take"
        )
        expired += export_outbox.expire_old(
            connection, row.name, started_before=at - destination.max_age_us, reason=age
        )
    dropped = export_outbox.drop_oldest(connection, row.name, most=destination.most_waiting)
    export_outbox.forget(connection, row.name, ended_before=at - REMEMBERED_US)
    if expired or dropped:
        _log.error("traces were not exported", destination=row.name, expired=expired, dropped=dropped)


class Exporting:
    """Runs a sender for every declared destination, from its declaration to its removal."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stop = threading.Event()
        self._senders: dict[str, threading.Thread] = {}
        self._thread = threading.Thread(target=self._run, name="tracehub-exporting", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread that keeps the senders going runs."""
        return self._thread.is_alive()

    @property
    def busy(self) -> bool:
        """Whether any sender runs."""
        return any(thread.is_alive() for thread in self._senders.values())

    def start(self) -> None:
        """Begins. Where this is the only process, nobody is sending what one before it had claimed."""
        database = self._parts.database
        if database.is_sqlite:
            with database.writing() as connection:
                export_outbox.release(connection)
        self._thread.start()

    def stop(self, seconds: float = 15.0) -> None:
        """Ends after the requests that are under way, if they end in time; what is not sent by then waits."""
        self._stop.set()
        self._thread.join(seconds)
        for thread in list(self._senders.values()):
            thread.join(seconds)

    def _run(self) -> None:
        while True:
            try:
                self._keep_going()
            except (DBAPIError, TracehubError) as error:
                _log.warning("exporting has to wait", error=str(error))
            except Exception:  # the outermost loop: destinations may be readable next time
                _log.exception("looking after exports failed")
            if self._stop.wait(self._parts.poll_seconds):
                return

    def _keep_going(self) -> None:
        with self._parts.database.reading() as connection:
            names = [row.name for row in destinations.every(connection)]
        self._senders = {name: thread for name, thread in self._senders.items() if thread.is_alive()}
        for name in names:
            if name not in self._senders and not self._stop.is_set():
                thread = threading.Thread(target=self._send, args=(name,), name="tracehub-sender", daemon=True)
                self._senders[name] = thread
                thread.start()

    def _send(self, name: str) -> None:
        sender = Sender(name, self._parts, self._stop)
        failures = 0
        while not self._stop.is_set():
            try:
                rest = sender.step()
                failures = 0
            except NotFoundError:
                return
            except (DBAPIError, TracehubError) as error:
                _log.warning("sending has to wait", destination=name, error=str(error))
                rest, failures = self._rest(failures), failures + 1
            except Exception:  # the outermost loop: the next step may go well, and the other destinations go on
                _log.exception("sending failed", destination=name)
                rest, failures = self._rest(failures), failures + 1
            self._stop.wait(rest)

    def _rest(self, failures: int) -> float:
        return delay(failures, self._parts.poll_seconds, self._parts.random)
