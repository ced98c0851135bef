"""What may be done with a source, on the pages and by the API alike."""

from fastapi import HTTPException
from sqlalchemy import Connection

from tracehub.collectors.since import moment_of
from tracehub.errors import PermanentError
from tracehub.model.source_rows import PUSHED, SourceRow
from tracehub.store import sources


def require_read(connection: Connection, name: str) -> SourceRow:
    """The source, where tracehub reads it: NotFoundError where there is none, 409 where it is pushed."""
    row = sources.one(connection, name)
    if row.declared_in == PUSHED:
        raise HTTPException(409, f"{name!r} is pushed: there is nothing to read, pause or collect again")
    return row


def again_from(since: str, now: int) -> int:
    """The moment from which to collect again; PermanentError where `since` names none, or one that is still to come."""
    moment = moment_of(since, now)
    if moment > now:
        msg = f"{since[:100]!r} is still to come"
        raise PermanentError(msg)
    return moment
