"""What people made: keys of the proxy, saved lists."""

from sqlalchemy import BigInteger, Column, Double, Integer, String, Table

from tracehub.store.schema.columns import HexId, metadata, project

# Who may call the proxy, and what. Secrets are not kept; `agents`, `aliases` and `operations` are JSON lists.
proxy_keys = Table(
    "proxy_keys",
    metadata,
    project(),
    Column("key_id", String(64), primary_key=True),
    Column("name", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("fingerprint", HexId, nullable=False),
    Column("overlap_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("region", String),
    Column("role_arn", String),
    Column("external_id", String),
    Column("agents", String, nullable=False),
    Column("aliases", String, nullable=False),
    Column("operations", String, nullable=False),
    Column("requests_per_second", Double),
)

# Lists of sessions that people saved under a name: their query strings.
saved_views = Table(
    "saved_views",
    metadata,
    project(),
    Column("name", String, primary_key=True),
    Column("query", String, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
)
