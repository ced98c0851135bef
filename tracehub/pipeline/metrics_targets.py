"""The destinations that want metrics, and how one request gets there."""

import gzip
from collections.abc import Callable, Mapping
from socket import gaierror

import msgspec
import structlog
from sqlalchemy import Connection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from tracehub.errors import NotFoundError, PermanentError
from tracehub.exporters import outcome
from tracehub.exporters.headers import headers_of
from tracehub.exporters.otlp_http import MOST_REPLY_BYTES, PROTOBUF, Endpoint, judged
from tracehub.model.destination import Destination, address_of
from tracehub.model.export_rows import DestinationRow
from tracehub.outbound import Outbound, RefusedAddressError, UnreachableError
from tracehub.pipeline.metrics_count import Receiver
from tracehub.pipeline.metrics_flush import NotTaken, Refused, Sent, Taken, Target, Unsure
from tracehub.store import destinations
from tracehub.store.database import Database

_log = structlog.get_logger(__name__)

# Datadog takes nothing older than an hour, and by then the window itself is that old.
DATADOG_MINUTES = 50
_BEFORE_SENDING = (NewConnectionError, ConnectTimeoutError, gaierror, UnicodeError)


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What sending needs; as `exporting.Parts` has it."""

    database: Database
    outbound: Outbound
    clock: Callable[[], int]
    environment: Mapping[str, str]
    unseal: Callable[[bytes, str], str]
    instance_id: str | None = None


def targets_of(connection: Connection, instance_id: str | None = None) -> tuple[Target, ...]:
    """The destinations that want metrics and do not stand still."""
    found = []
    for row in destinations.every(connection):
        destination = _read(row)
        if destination is not None and destination.metrics and not row.stands_still:
            found.append(_target(destination, instance_id))
    return tuple(found)


class MetricsSender:
    """Sends requests over HTTP; its outcomes tell what may have arrived from what cannot have."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, destination: str, body: bytes, /) -> Sent:
        """What became of one request."""
        try:
            endpoint = self._endpoint(destination)
        except (PermanentError, NotFoundError) as error:
            return NotTaken(str(error), after=300)
        # A connection of a minute ago may be dead without our knowing, and then nobody could tell what arrived.
        headers = {**endpoint.headers, "Content-Type": PROTOBUF, "Connection": "close"}
        if endpoint.compression == "gzip":
            body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
        try:
            reply = self._parts.outbound.request(
                "POST", endpoint.url, body=body, headers=headers, seconds=endpoint.seconds, most_bytes=MOST_REPLY_BYTES
            )
        except RefusedAddressError as error:
            return NotTaken(str(error), after=300)
        except UnreachableError as error:
            nothing_sent = error.__cause__ is None or isinstance(error.__cause__, _BEFORE_SENDING)
            return NotTaken(str(error)) if nothing_sent else Unsure(str(error))
        return sent_of(judged(reply, self._parts.clock() / 1e6))

    def _endpoint(self, name: str) -> Endpoint:
        with self._parts.database.reading() as connection:
            row = destinations.one(connection, name)
        destination = destinations.read(row)
        headers = headers_of(
            destination,
            "metrics",
            declared_in=row.declared_in,
            secrets=row.secrets,
            unseal=self._parts.unseal,
            environment=self._parts.environment,
        )
        return Endpoint(
            url=address_of(destination, "metrics"),
            headers=headers,
            compression=destination.compression,
            seconds=destination.timeout_seconds,
        )


def sent_of(found: outcome.Outcome) -> Sent:
    """The same for who sends metrics. A server that answers with an error has taken nothing (OTLP specification)."""
    match found:
        case outcome.Delivered():
            return Taken()
        case outcome.PartlyRejected(rejected=rejected, reason=reason):
            return Taken(rejected=rejected, said=reason)
        case outcome.RetryLater(reason=reason, after=after):
            return NotTaken(reason, after)
        case outcome.Refused(reason=reason) | outcome.Misconfigured(reason=reason):
            # A person has to see to it; meanwhile it is tried every now and then.
            return NotTaken(reason, after=300)
        case outcome.Broken(reason=reason):
            return NotTaken(reason)
        case outcome.TooLarge(reason=reason) | outcome.Poison(reason=reason):
            return Refused(reason)


def _target(destination: Destination, instance_id: str | None) -> Target:
    datadog = destination.dialect == "datadog"
    known = {
        "service.name": destination.service_name or "tracehub",
        "deployment.environment.name": destination.environment,
        "cloud.provider": "aws",
        "cloud.platform": "aws_bedrock",
        "tracehub.instance.id": instance_id,
    }
    resource = {name: value for name, value in known.items() if value is not None}
    return Target(
        receiver=Receiver(
            name=destination.name, resource=resource | destination.resource_attributes, takes_old=not datadog
        ),
        retry_minutes=DATADOG_MINUTES if datadog else int(destination.retry_hours * 60),
        idempotent_sums=datadog,
    )


def _read(row: DestinationRow) -> Destination | None:
    try:
        return destinations.read(row)
    except PermanentError as error:
        _log.warning("a destination cannot be read", destination=row.name, error=str(error))
        return None
