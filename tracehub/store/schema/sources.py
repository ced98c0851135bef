"""Where records come from, how far each source is read, and what could not be read."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table

from tracehub.store.schema.columns import HexId, metadata, project

quarantine = Table(
    "quarantine",
    metadata,
    project(),
    Column("sha256", HexId, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    Index("ix_quarantine_received", "project_id", "received_at", "sha256"),
)


def _counts() -> list[Column[int]]:
    names = ("records", "events", "traces", "duplicates", "ignored", "quarantined")
    return [Column(name, BigInteger, nullable=False) for name in names]


# A declared source and what came from it. `generation` grows with every change that its readers must hear of.
# `newest_at` is the time of the newest thing read; `minute` counts the records of the running minute.
sources = Table(
    "sources",
    metadata,
    project(),
    Column("name", String, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("declaration", String, nullable=False),
    Column("declared_in", String(16), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("collect_from", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    *_counts(),
    Column("newest_at", BigInteger),
    Column("stored_at", BigInteger),
    Column("minute", BigInteger, nullable=False),
    Column("minute_records", BigInteger, nullable=False),
    Column("last_minute_records", BigInteger, nullable=False),
)

# What the reader of one part of a source told last, and the position from which the next one goes on (JSON).
source_shards = Table(
    "source_shards",
    metadata,
    project(),
    Column("name", String, primary_key=True),
    Column("shard", String, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("read_until", BigInteger),
    Column("waiting", BigInteger),
    Column("error", String),
    Column("error_at", BigInteger),
    Column("told_at", BigInteger, nullable=False),
    Column("position", String, nullable=False),
)

# Who may write for what; the token grows with every change of the holder.
leases = Table(
    "leases",
    metadata,
    project(),
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Where the decoding of a log stream stands. `last_timestamp` is CloudWatch's (milliseconds) of the last event fed.
log_streams = Table(
    "log_streams",
    metadata,
    project(),
    Column("stream_id", HexId, primary_key=True),
    Column("account", String, nullable=False),
    Column("log_group", String, nullable=False),
    Column("log_stream", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("last_timestamp", BigInteger, nullable=False),
    Column("holds", Boolean, nullable=False),
    Column("fed_at", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Index("ix_log_streams_holds", "project_id", "holds", "fed_at"),
)

# The events of one minute of a stream that were taken: 16 bytes of a hash for each.
log_seen = Table(
    "log_seen",
    metadata,
    project(),
    Column("stream_id", HexId, primary_key=True),
    Column("minute", BigInteger, primary_key=True),
    Column("ids", LargeBinary, nullable=False),
    Index("ix_log_seen_minute", "project_id", "minute"),
)

# Every version of an object that was read, given up or lost; `object_id` is a hash of bucket, key and version.
s3_objects = Table(
    "s3_objects",
    metadata,
    project(),
    Column("object_id", HexId, primary_key=True),
    Column("source", String, nullable=False),
    Column("bucket", String, nullable=False),
    Column("key", String, nullable=False),
    Column("version", String, nullable=False),
    Column("state", String(16), nullable=False),
    Column("size", BigInteger),
    Column("modified_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("error", String),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_s3_objects_source", "project_id", "source", "state", "updated_at"),
)

# How many calls of agents AWS counted in a window.
agent_calls = Table(
    "agent_calls",
    metadata,
    project(),
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
)
