"""The right to write for a part of a source, checked again in every transaction."""

import msgspec
from sqlalchemy import Connection

from tracehub.store import leases
from tracehub.store.shards import lease_name


class Claim(msgspec.Struct, frozen=True):
    """A held lease on one shard of a source."""

    source: str
    shard: str
    token: int

    def check(self, connection: Connection) -> None:
        """LeaseLostError where another process holds it by now."""
        leases.check(connection, lease_name(self.source, self.shard), self.token)
