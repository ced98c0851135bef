"""Tells a database that is out of order for now from one that will never take these values."""

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# Connection lost, transaction rolled back, out of resources, lock not available, operator intervention, I/O error.
_SQLSTATES = ("08", "40", "53", "55P03", "57", "58")
_SQLITE = ("locked", "busy", "full", "disk i/o", "unable to open", "readonly")


def may_pass(error: DBAPIError | PoolTimeoutError) -> bool:
    """Whether the same statements may succeed later. A repeated key is another writer's doing: it may."""
    if isinstance(error, PoolTimeoutError | IntegrityError) or error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        # An index row that is too large claims to be a lack of resources.
        return str(sqlstate).startswith(_SQLSTATES) and "index row" not in str(error.orig)
    said = str(error.orig).lower()
    return "connection" in said or any(word in said for word in _SQLITE)
