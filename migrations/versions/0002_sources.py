"""Sources: what is declared, who reads it, how far it was read, and what of logs and buckets is known already."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COUNTS = ("records", "events", "traces", "duplicates", "ignored", "quarantined")


def _project() -> sa.Column[str]:
    return sa.Column("project_id", sa.String(64), nullable=False)


def upgrade() -> None:
    op.create_table(
        "sources",
        _project(),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("declaration", sa.String, nullable=False),
        sa.Column("declared_in", sa.String(16), nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("collect_from", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTS),
        sa.Column("newest_at", sa.BigInteger),
        sa.Column("stored_at", sa.BigInteger),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("minute_records", sa.BigInteger, nullable=False),
        sa.Column("last_minute_records", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_sources"),
    )
    op.create_table(
        "source_shards",
        _project(),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("shard", sa.String, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("read_until", sa.BigInteger),
        sa.Column("waiting", sa.BigInteger),
        sa.Column("error", sa.String),
        sa.Column("error_at", sa.BigInteger),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.Column("position", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", "shard", name="pk_source_shards"),
    )
    op.create_table(
        "leases",
        _project(),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_leases"),
    )
    op.create_table(
        "log_streams",
        _project(),
        sa.Column("stream_id", sa.LargeBinary, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("log_group", sa.String, nullable=False),
        sa.Column("log_stream", sa.String, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("last_timestamp", sa.BigInteger, nullable=False),
        sa.Column("holds", sa.Boolean, nullable=False),
        sa.Column("fed_at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "stream_id", name="pk_log_streams"),
    )
    op.create_index("ix_log_streams_holds", "log_streams", ["project_id", "holds", "fed_at"])
    op.create_table(
        "log_seen",
        _project(),
        sa.Column("stream_id", sa.LargeBinary, nullable=False),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("ids", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "stream_id", "minute", name="pk_log_seen"),
    )
    op.create_index("ix_log_seen_minute", "log_seen", ["project_id", "minute"])
    op.create_table(
        "s3_objects",
        _project(),
        sa.Column("object_id", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("bucket", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("modified_at", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.String),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "object_id", name="pk_s3_objects"),
    )
    op.create_index("ix_s3_objects_source", "s3_objects", ["project_id", "source", "state", "updated_at"])
    op.create_table(
        "agent_calls",
        _project(),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "account", "region", name="pk_agent_calls"),
    )


def downgrade() -> None:
    for table in ("agent_calls", "s3_objects", "log_seen", "log_streams", "leases", "source_shards", "sources"):
        op.drop_table(table)
