"""Destinations, and what went there."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, text

from tracehub.store.schema.columns import HexId, metadata, project

# A declared destination, how it is doing and what went there. `secrets` are sealed header values (JSON, base64).
# `stopped_reason` is why the sender stopped by itself until a person resumes; `retry_at` is when it tries again after
# `failures` in a row. `minute` counts the spans of the running minute.
export_destinations = Table(
    "export_destinations",
    metadata,
    project(),
    Column("name", String, primary_key=True),
    Column("declaration", String, nullable=False),
    Column("secrets", String, nullable=False),
    Column("declared_in", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("stopped_reason", String),
    Column("stopped_at", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("retry_at", BigInteger, nullable=False),
    Column("last_error", String),
    Column("last_error_at", BigInteger),
    Column("last_delivered_at", BigInteger),
    Column("requests", BigInteger, nullable=False),
    Column("delivered_traces", BigInteger, nullable=False),
    Column("delivered_spans", BigInteger, nullable=False),
    Column("rejected_traces", BigInteger, nullable=False),
    Column("rejected_spans", BigInteger, nullable=False),
    Column("too_large_traces", BigInteger, nullable=False),
    Column("expired_traces", BigInteger, nullable=False),
    Column("dropped_traces", BigInteger, nullable=False),
    Column("minute", BigInteger, nullable=False),
    Column("minute_spans", BigInteger, nullable=False),
    Column("last_minute_spans", BigInteger, nullable=False),
)

# What became of each trace at each destination. `digest` names the spans it had when it was put here, `settled` holds
# the ids (8 bytes each) of those the receiver acknowledged, or refused for good. `due_at` is when it is to be sent,
# `next_at` when somebody does something about it: NULL once it has ended. `claim` grows with every worker that takes
# it, `generation` with every change that a worker who has it must hear of.
export_outbox = Table(
    "export_outbox",
    metadata,
    project(),
    Column("trace_id", HexId, primary_key=True),
    Column("destination", String, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("digest", HexId, nullable=False),
    Column("settled", LargeBinary, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("claim", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("enqueued_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("next_at", BigInteger),
    Column("delivered_at", BigInteger),
    Column("failed_at", BigInteger),
    Column("rejected_spans", Integer, nullable=False),
    Column("last_error", String),
    Index(
        "ix_export_outbox_next",
        "project_id",
        "destination",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index(
        "ix_export_outbox_delivered",
        "project_id",
        "destination",
        "delivered_at",
        sqlite_where=text("delivered_at IS NOT NULL"),
        postgresql_where=text("delivered_at IS NOT NULL"),
    ),
    Index(
        "ix_export_outbox_failed",
        "project_id",
        "destination",
        "failed_at",
        sqlite_where=text("failed_at IS NOT NULL"),
        postgresql_where=text("failed_at IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

# Windows of metrics: one row per request that is still to be sent or was not taken, and one without a destination, the
# mark: the newest window that is counted, with the traces written until `read_until`.
export_metric_windows = Table(
    "export_metric_windows",
    metadata,
    project(),
    Column("window_minute", BigInteger, primary_key=True, autoincrement=False),
    Column("destination", String, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("read_until", BigInteger),
    Column("payload", LargeBinary),
    Column("tries", Integer, nullable=False),
    Column("retry_at", BigInteger, nullable=False),
    Column("error", String),
)

# The spans of a trace that a window of metrics counted (MessagePack, see store.metric_ledger).
export_metric_spans = Table(
    "export_metric_spans",
    metadata,
    project(),
    Column("trace_id", HexId, primary_key=True),
    Column("window_minute", BigInteger, primary_key=True, autoincrement=False),
    Column("counted", LargeBinary, nullable=False),
    Index("ix_export_metric_spans_window", "project_id", "window_minute"),
    sqlite_with_rowid=False,
)
