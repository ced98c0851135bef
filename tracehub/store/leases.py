"""Who may write for what: leases that run out by the database's clock, with a token that grows with each holder."""

from sqlalchemy import Connection, select, update

from tracehub.errors import LeaseLostError
from tracehub.store.dialect import insert, lock, now
from tracehub.store.schema import DEFAULT_PROJECT, leases

_SECOND = 1_000_000


def take(
    connection: Connection, name: str, owner: str, seconds: float, *, project: str = DEFAULT_PROJECT
) -> int | None:
    """The token under which `owner` holds the lease from now on; None where another holds it still."""
    lock(connection, [f"lease/{name}"])
    at = now(connection)
    until = at + int(seconds * _SECOND)
    this = (leases.c.project_id == project, leases.c.name == name)
    found = connection.execute(select(leases.c.owner, leases.c.token, leases.c.expires_at).where(*this)).first()
    if found is None:
        row = {"project_id": project, "name": name, "owner": owner, "token": 1, "expires_at": until}
        connection.execute(insert(connection, leases).values(row))
        return 1
    if found.expires_at > at and found.owner != owner:
        return None
    token = int(found.token) + 1
    connection.execute(update(leases).where(*this).values(owner=owner, token=token, expires_at=until))
    return token


def renew(connection: Connection, name: str, token: int, seconds: float, *, project: str = DEFAULT_PROJECT) -> bool:
    """Whether the holder of `token` holds it still, and now for `seconds` more."""
    until = now(connection) + int(seconds * _SECOND)
    this = (leases.c.project_id == project, leases.c.name == name, leases.c.token == token)
    return connection.execute(update(leases).where(*this).values(expires_at=until)).rowcount == 1


def check(connection: Connection, name: str, token: int, *, project: str = DEFAULT_PROJECT) -> None:
    """LeaseLostError where the lease has gone to another; else nobody can take it before this transaction ends."""
    this = (leases.c.project_id == project, leases.c.name == name, leases.c.token == token)
    if connection.execute(select(leases.c.token).where(*this).with_for_update(read=True)).first() is None:
        msg = f"another process has taken over {name}"
        raise LeaseLostError(msg)


def release(connection: Connection, name: str, token: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Lets others take it at once. The row stays, so that tokens keep growing."""
    this = (leases.c.project_id == project, leases.c.name == name, leases.c.token == token)
    connection.execute(update(leases).where(*this).values(expires_at=0, token=token + 1, owner=""))


def revoke(connection: Connection, prefix: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Takes every lease whose name begins so from its holder, who writes nothing more; anybody may take it now."""
    these = (leases.c.project_id == project, leases.c.name.startswith(prefix, autoescape=True))
    connection.execute(update(leases).where(*these).values(expires_at=0, token=leases.c.token + 1, owner=""))


def holders(connection: Connection, *, project: str = DEFAULT_PROJECT) -> dict[str, str]:
    """Who holds what now."""
    query = select(leases.c.name, leases.c.owner).where(
        leases.c.project_id == project, leases.c.expires_at > now(connection)
    )
    return {row.name: row.owner for row in connection.execute(query)}
