"""Events, and the traces, spans and sessions made from them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _project() -> sa.Column[str]:
    return sa.Column("project_id", sa.String(64), nullable=False)


def _agent() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String) for name in ("agent_id", "alias_id", "agent_version", "agent_name")]


def upgrade() -> None:
    op.create_table(
        "event_blocks",
        _project(),
        sa.Column("trace_id", sa.LargeBinary, nullable=False),
        sa.Column("block_id", sa.LargeBinary, nullable=False),
        sa.Column("event_count", sa.Integer, nullable=False),
        sa.Column("raw_bytes", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "trace_id", "block_id", name="pk_event_blocks"),
    )
    op.create_table(
        "traces",
        _project(),
        sa.Column("trace_id", sa.LargeBinary, nullable=False),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("session_reported", sa.Boolean, nullable=False),
        *_agent(),
        sa.Column("inline", sa.Boolean, nullable=False),
        sa.Column("ordered_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error_source", sa.String(8)),
        sa.Column("error_type", sa.String),
        sa.Column("error_text", sa.String),
        sa.Column("missing", sa.String),
        sa.Column("question", sa.String),
        sa.Column("answer", sa.String),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("model_calls", sa.Integer, nullable=False),
        sa.Column("tool_calls", sa.Integer, nullable=False),
        sa.Column("errors_reported", sa.Integer, nullable=False),
        sa.Column("errors_inferred", sa.Integer, nullable=False),
        sa.Column("interventions", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("calls_with_tokens", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Double),
        sa.Column("priced_calls", sa.Integer, nullable=False),
        sa.Column("answers", sa.String),
        sa.Column("event_count", sa.Integer, nullable=False),
        sa.Column("parser_version", sa.Integer, nullable=False),
        sa.Column("needs_reindex", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "trace_id", name="pk_traces"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_traces_session", "traces", ["project_id", "session_id", "ordered_at"])
    op.create_index("ix_traces_ordered", "traces", ["project_id", "ordered_at", "trace_id"])
    op.create_index("ix_traces_agent", "traces", ["project_id", "agent_id", "ordered_at"])
    op.create_table(
        "spans",
        _project(),
        sa.Column("trace_id", sa.LargeBinary, nullable=False),
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("span_id", sa.LargeBinary, nullable=False),
        sa.Column("parent_seq", sa.Integer),
        sa.Column("depth", sa.SmallInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("phase", sa.String(16)),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("iteration", sa.Integer),
        sa.Column("agent_id", sa.String),
        sa.Column("alias_id", sa.String),
        sa.Column("agent_version", sa.String),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("times_derived", sa.Boolean, nullable=False),
        sa.Column("latency_bucket", sa.SmallInteger),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error_source", sa.String(8)),
        sa.Column("error_type", sa.String),
        sa.Column("error_text", sa.String),
        sa.Column("model_id", sa.String),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cost_usd", sa.Double),
        sa.Column("rationale", sa.String),
        sa.Column("summary", sa.String),
        sa.PrimaryKeyConstraint("project_id", "trace_id", "seq", name="pk_spans"),
        sqlite_with_rowid=False,
    )
    called = sa.text("kind IN ('tool', 'code')")
    op.create_index(
        "ix_spans_tool", "spans", ["project_id", "name", "started_at"], sqlite_where=called, postgresql_where=called
    )
    op.create_table(
        "sessions",
        _project(),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("session_reported", sa.Boolean, nullable=False),
        *_agent(),
        sa.Column("inline", sa.Boolean, nullable=False),
        sa.Column("ordered_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("working_us", sa.BigInteger),
        sa.Column("question", sa.String),
        sa.Column("turns", sa.Integer, nullable=False),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("failed_turns", sa.Integer, nullable=False),
        sa.Column("blocked_turns", sa.Integer, nullable=False),
        sa.Column("incomplete_turns", sa.Integer, nullable=False),
        sa.Column("returned_turns", sa.Integer, nullable=False),
        sa.Column("errors_reported", sa.Integer, nullable=False),
        sa.Column("errors_inferred", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("model_calls", sa.Integer, nullable=False),
        sa.Column("calls_with_tokens", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Double),
        sa.Column("priced_calls", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "session_id", name="pk_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_ordered", "sessions", ["project_id", "ordered_at", "session_id"])
    op.create_table(
        "run_links",
        _project(),
        sa.Column("run_id", sa.LargeBinary, nullable=False),
        sa.Column("parent_run_id", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "run_id", name="pk_run_links"),
    )
    op.create_table(
        "return_controls",
        _project(),
        sa.Column("return_control_id", sa.String, nullable=False),
        sa.Column("asked_by", sa.LargeBinary),
        sa.Column("answered_by", sa.LargeBinary),
        sa.PrimaryKeyConstraint("project_id", "return_control_id", name="pk_return_controls"),
    )
    op.create_table(
        "quarantine",
        _project(),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "sha256", name="pk_quarantine"),
    )
    op.create_index("ix_quarantine_received", "quarantine", ["project_id", "received_at", "sha256"])
    if op.get_bind().dialect.name == "sqlite":
        _tell_planner()


def _tell_planner() -> None:
    """Without statistics SQLite takes a project for a handful of rows and scans all of it where it should use an index.

    These are the proportions of a million spans, so that plans do not depend on when ANALYZE last ran.
    """
    op.execute("ANALYZE")
    op.execute("DELETE FROM sqlite_stat1")
    for table, index, statistics in (
        ("event_blocks", "sqlite_autoindex_event_blocks_1", "160000 160000 2 1"),
        ("traces", "traces", "150000 150000 1"),
        ("traces", "ix_traces_session", "150000 150000 4 1"),
        ("traces", "ix_traces_ordered", "150000 150000 1 1"),
        ("traces", "ix_traces_agent", "150000 150000 15000 1"),
        ("spans", "spans", "1000000 1000000 7 1"),
        ("spans", "ix_spans_tool", "250000 250000 5000 1"),
        ("sessions", "sessions", "35000 35000 1"),
        ("sessions", "ix_sessions_ordered", "35000 35000 1 1"),
    ):
        op.execute(
            sa.text("INSERT INTO sqlite_stat1 VALUES (:table, :index, :statistics)").bindparams(
                table=table, index=index, statistics=statistics
            )
        )
    op.execute("ANALYZE sqlite_schema")


def downgrade() -> None:
    for table in ("quarantine", "return_controls", "run_links", "sessions", "spans", "traces", "event_blocks"):
        op.drop_table(table)
