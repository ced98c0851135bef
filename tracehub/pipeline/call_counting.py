"""Asks AWS, for every account and region that a source reads, how many calls of agents there were."""

from collections.abc import Iterable

import msgspec
import structlog

from tracehub.collectors.aws_errors import AWS_ERRORS
from tracehub.collectors.clients import Clients
from tracehub.collectors.cloudwatch.calls import count_calls
from tracehub.errors import TracehubError
from tracehub.model.source import Access, Source, read_source
from tracehub.model.source_rows import PUSHED
from tracehub.store import agent_calls, sources
from tracehub.store.database import Database

_log = structlog.get_logger(__name__)
_HOUR = 3_600_000_000
# The last whole hours: CloudWatch needs minutes to count, and traces to arrive.
_HOURS = 24


def count_agent_calls(database: Database, clients: Clients, now: int) -> None:
    """Notes the counts that may be read; where none may, nothing is known and nothing is shown."""
    until = (now - _HOUR // 4) // _HOUR * _HOUR
    since = until - _HOURS * _HOUR
    with database.reading() as connection:
        rows = [row for row in sources.every(connection) if row.declared_in != PUSHED and not row.paused]
    for access in _accesses(row.declaration for row in rows):
        try:
            cloudwatch = clients.client(access, "cloudwatch")
            account = str(clients.client(access, "sts").get_caller_identity()["Account"])
        except AWS_ERRORS as error:
            _log.debug("the calls of agents cannot be counted", error=str(error))
            continue
        calls = count_calls(cloudwatch, since, until)
        if calls is not None:
            region = str(cloudwatch.meta.region_name)
            with database.writing() as connection:
                agent_calls.put(connection, account, region, since=since, until=until, calls=calls)


def _accesses(declarations: Iterable[str]) -> list[Access]:
    """How each account and region is reached, once."""
    found: dict[tuple[object, ...], Access] = {}
    for declaration in declarations:
        try:
            source: Source = read_source(msgspec.json.decode(declaration, type=dict[str, object]))
        except TracehubError:
            continue
        access = Access(**{name: getattr(source, name) for name in Access.__struct_fields__})
        found.setdefault(tuple(getattr(access, name) for name in Access.__struct_fields__), access)
    return list(found.values())
