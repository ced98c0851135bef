"""Traces, their spans and events, sessions, and what joins and finds them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    literal_column,
    text,
)

from tracehub.store.schema.columns import HexId, metadata, project

# Times are microseconds since 1970 UTC; NULL is unknown. Sums are NULL where nothing was reported.
event_blocks = Table(
    "event_blocks",
    metadata,
    project(),
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
    project(),
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
    Column("first_text_us", BigInteger),
    # The database's clock when an event of it was last stored; reading the events anew leaves it.
    Column("written_at", BigInteger, nullable=False, server_default="0"),
    Index("ix_traces_session", "project_id", "session_id", "ordered_at"),
    Index("ix_traces_ordered", "project_id", "ordered_at", "trace_id"),
    Index("ix_traces_agent", "project_id", "agent_id", "ordered_at"),
    Index("ix_traces_written", "project_id", "written_at", "trace_id"),
    sqlite_with_rowid=False,
)

spans = Table(
    "spans",
    metadata,
    project(),
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
    Column("policies", String),
    Column("input_bytes", BigInteger),
    Column("output_bytes", BigInteger),
    Column("results", Integer),
    Column("cited", Integer),
    Index(
        "ix_spans_tool",
        "project_id",
        "name",
        "started_at",
        sqlite_where=text("kind IN ('tool', 'code')"),
        postgresql_where=text("kind IN ('tool', 'code')"),
    ),
    Index(
        "ix_spans_lookup",
        "project_id",
        "name",
        "started_at",
        sqlite_where=text("kind = 'retrieval'"),
        postgresql_where=text("kind = 'retrieval'"),
    ),
    Index(
        "ix_spans_empty_lookup",
        "project_id",
        "started_at",
        sqlite_where=text("results = 0"),
        postgresql_where=text("results = 0"),
    ),
    Index(
        "ix_spans_intervention",
        "project_id",
        "started_at",
        sqlite_where=text("policies IS NOT NULL"),
        postgresql_where=text("policies IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

# What lists show of a session: sums over its traces, rewritten in the transaction that writes them.
sessions = Table(
    "sessions",
    metadata,
    project(),
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

# What is searched of a trace, packed, for snippets and for taking it out of the index again; `version` is the
# tokenizer's. The index itself (search_index) is each database's own; on SQLite it knows a trace by `document_id`.
search_texts = Table(
    "search_texts",
    metadata,
    project(),
    Column("trace_id", HexId, primary_key=True),
    Column("session_id", String, nullable=False),
    Column("document_id", BigInteger),
    Column("version", String(16), nullable=False),
    Column("texts", LargeBinary, nullable=False),
    Index("ix_search_texts_document", "document_id", "project_id", "session_id", "trace_id"),
    Index("ix_search_texts_session", "project_id", "session_id", "document_id"),
)

# Which run called a collaborator's run; joins traces whose parts arrive apart.
run_links = Table(
    "run_links",
    metadata,
    project(),
    Column("run_id", HexId, primary_key=True),
    Column("parent_run_id", HexId, nullable=False),
)

# Which call handed control back under an invocationId, and which call brought the result.
return_controls = Table(
    "return_controls",
    metadata,
    project(),
    Column("return_control_id", String, primary_key=True),
    Column("asked_by", HexId),
    Column("answered_by", HexId),
)

# Which functions an agent's prompts offered to its model; `offer_id` is a hash of the four columns after it.
offered_tools = Table(
    "offered_tools",
    metadata,
    project(),
    Column("offer_id", HexId, primary_key=True),
    Column("agent_id", String),
    Column("alias_id", String),
    Column("agent_version", String),
    Column("tool", String, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
)

# Written as the index ix_spans_tool has it: with bound parameters neither database would use a partial index.
CALLED_KINDS: tuple[ColumnElement[str], ...] = (literal_column("'tool'"), literal_column("'code'"))
is_tool_call = spans.c.kind.in_(CALLED_KINDS)
has_no_results = spans.c.results == literal_column("0")
is_lookup = spans.c.kind == literal_column("'retrieval'")
