"""The tables. Large ones have project_id and trace_id in their primary key, so that they can be distributed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    TypeDecorator,
    literal_column,
    text,
)

DEFAULT_PROJECT = "default"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class HexId(TypeDecorator[str]):
    """Hex digits in Python, half as many bytes in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Bytes of the digits."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Digits of the bytes."""
        return None if value is None else bytes(value).hex()


def _project() -> Column[str]:
    return Column("project_id", String(64), primary_key=True)


# Times are microseconds since 1970 UTC; NULL is unknown. Sums are NULL where nothing was reported.
event_blocks = Table(
    "event_blocks",
    metadata,
    _project(),
    Column("trace_id", HexId, primary_key=True),
    Column("block_id", HexId, primary_key=True),
    Column("event_count", Integer, nullable=False),
    Column("raw_bytes", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

traces = Table(
    "traces",
    metadata,
    _project(),
    Column("trace_id", HexId, primary_key=True),
    Column("session_id", String, nullable=False),
    Column("session_reported", Boolean, nullable=False),
    Column("agent_id", String),
    Column("alias_id", String),
    Column("agent_version", String),
    Column("agent_name", String),
    Column("inline", Boolean, nullable=False),
    Column("ordered_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("outcome", String(16), nullable=False),
    Column("error_source", String(8)),
    Column("error_type", String),
    Column("error_text", String),
    Column("missing", String),
    Column("question", String),
    Column("answer", String),
    Column("steps", Integer, nullable=False),
    Column("model_calls", Integer, nullable=False),
    Column("tool_calls", Integer, nullable=False),
    Column("errors_reported", Integer, nullable=False),
    Column("errors_inferred", Integer, nullable=False),
    Column("interventions", Integer, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("calls_with_tokens", Integer, nullable=False),
    Column("cost_usd", Double),
    Column("priced_calls", Integer, nullable=False),
    Column("answers", String),
    Column("event_count", Integer, nullable=False),
    Column("parser_version", Integer, nullable=False),
    Column("needs_reindex", Boolean, nullable=False),
    Index("ix_traces_session", "project_id", "session_id", "ordered_at"),
    Index("ix_traces_ordered", "project_id", "ordered_at", "trace_id"),
    Index("ix_traces_agent", "project_id", "agent_id", "ordered_at"),
    sqlite_with_rowid=False,
)

spans = Table(
    "spans",
    metadata,
    _project(),
    Column("trace_id", HexId, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("span_id", HexId, nullable=False),
    Column("parent_seq", Integer),
    Column("depth", SmallInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("phase", String(16)),
    Column("name", String, nullable=False),
    Column("iteration", Integer),
    Column("agent_id", String),
    Column("alias_id", String),
    Column("agent_version", String),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("times_derived", Boolean, nullable=False),
    Column("latency_bucket", SmallInteger),
    Column("outcome", String(16), nullable=False),
    Column("error_source", String(8)),
    Column("error_type", String),
    Column("error_text", String),
    Column("model_id", String),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_usd", Double),
    Column("rationale", String),
    Column("summary", String),
    Index(
        "ix_spans_tool",
        "project_id",
        "name",
        "started_at",
        sqlite_where=text("kind IN ('tool', 'code')"),
        postgresql_where=text("kind IN ('tool', 'code')"),
    ),
    sqlite_with_rowid=False,
)

# What lists show of a session: sums over its traces, rewritten in the transaction that writes them.
sessions = Table(
    "sessions",
    metadata,
    _project(),
    Column("session_id", String, primary_key=True),
    Column("session_reported", Boolean, nullable=False),
    Column("agent_id", String),
    Column("alias_id", String),
    Column("agent_version", String),
    Column("agent_name", String),
    Column("inline", Boolean, nullable=False),
    Column("ordered_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("working_us", BigInteger),
    Column("question", String),
    Column("turns", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("failed_turns", Integer, nullable=False),
    Column("blocked_turns", Integer, nullable=False),
    Column("incomplete_turns", Integer, nullable=False),
    Column("returned_turns", Integer, nullable=False),
    Column("errors_reported", Integer, nullable=False),
    Column("errors_inferred", Integer, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("model_calls", Integer, nullable=False),
    Column("calls_with_tokens", Integer, nullable=False),
    Column("cost_usd", Double),
    Column("priced_calls", Integer, nullable=False),
    Index("ix_sessions_ordered", "project_id", "ordered_at", "session_id"),
    sqlite_with_rowid=False,
)

# Which run called a collaborator's run; joins traces whose parts arrive apart.
run_links = Table(
    "run_links",
    metadata,
    _project(),
    Column("run_id", HexId, primary_key=True),
    Column("parent_run_id", HexId, nullable=False),
)

# Which call handed control back under an invocationId, and which call brought the result.
return_controls = Table(
    "return_controls",
    metadata,
    _project(),
    Column("return_control_id", String, primary_key=True),
    Column("asked_by", HexId),
    Column("answered_by", HexId),
)

quarantine = Table(
    "quarantine",
    metadata,
    _project(),
    Column("sha256", HexId, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    Index("ix_quarantine_received", "project_id", "received_at", "sha256"),
)

# Written as the index ix_spans_tool has it: with bound parameters neither database would use a partial index.
CALLED_KINDS: tuple[ColumnElement[str], ...] = (literal_column("'tool'"), literal_column("'code'"))
is_tool_call = spans.c.kind.in_(CALLED_KINDS)
