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

# What is searched of a trace, packed, for snippets and for taking it out of the index again; `version` is the
# tokenizer's. The index itself (search_index) is each database's own; on SQLite it knows a trace by `document_id`.
search_texts = Table(
    "search_texts",
    metadata,
    _project(),
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


def _counts() -> list[Column[int]]:
    names = ("records", "events", "traces", "duplicates", "ignored", "quarantined")
    return [Column(name, BigInteger, nullable=False) for name in names]


# A declared source and what came from it. `generation` grows with every change that its readers must hear of.
# `newest_at` is the time of the newest thing read; `minute` counts the records of the running minute.
sources = Table(
    "sources",
    metadata,
    _project(),
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
    _project(),
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
    _project(),
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Where the decoding of a log stream stands. `last_timestamp` is CloudWatch's (milliseconds) of the last event fed.
log_streams = Table(
    "log_streams",
    metadata,
    _project(),
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
    _project(),
    Column("stream_id", HexId, primary_key=True),
    Column("minute", BigInteger, primary_key=True),
    Column("ids", LargeBinary, nullable=False),
    Index("ix_log_seen_minute", "project_id", "minute"),
)

# Every version of an object that was read, given up or lost; `object_id` is a hash of bucket, key and version.
s3_objects = Table(
    "s3_objects",
    metadata,
    _project(),
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
    _project(),
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
)

# Who may call the proxy, and what. Secrets are not kept; `agents`, `aliases` and `operations` are JSON lists.
proxy_keys = Table(
    "proxy_keys",
    metadata,
    _project(),
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

# Which functions an agent's prompts offered to its model; `offer_id` is a hash of the four columns after it.
offered_tools = Table(
    "offered_tools",
    metadata,
    _project(),
    Column("offer_id", HexId, primary_key=True),
    Column("agent_id", String),
    Column("alias_id", String),
    Column("agent_version", String),
    Column("tool", String, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
)

# Lists of sessions that people saved under a name: their query strings.
saved_views = Table(
    "saved_views",
    metadata,
    _project(),
    Column("name", String, primary_key=True),
    Column("query", String, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
)

# What the calls of a stretch of time add up to, by who called what. `minutes` is the stretch's length (see GRAINS),
# `slot` its number since 1970, `cell_id` a hash of the six columns after it, some of which may be NULL. `kind` is that
# of a span, or one of `model.tally`. Sums are NULL where nothing was reported; `durations` are counts by the buckets
# of `latency`, in MessagePack.
rollups = Table(
    "rollups",
    metadata,
    _project(),
    Column("minutes", SmallInteger, primary_key=True, autoincrement=False),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("cell_id", HexId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String, nullable=False),
    Column("detail", String),
    Column("agent_id", String),
    Column("alias_id", String),
    Column("agent_version", String),
    Column("calls", BigInteger, nullable=False),
    Column("turns", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("blocked", BigInteger, nullable=False),
    Column("errors_reported", BigInteger, nullable=False),
    Column("errors_inferred", BigInteger, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("calls_with_tokens", BigInteger, nullable=False),
    Column("cost_nano_usd", BigInteger),
    Column("priced_calls", BigInteger, nullable=False),
    Column("input_bytes", BigInteger),
    Column("calls_with_input", BigInteger, nullable=False),
    Column("output_bytes", BigInteger),
    Column("calls_with_output", BigInteger, nullable=False),
    Column("results", BigInteger),
    Column("calls_with_results", BigInteger, nullable=False),
    Column("empty_calls", BigInteger, nullable=False),
    Column("cited", BigInteger),
    Column("calls_with_citations", BigInteger, nullable=False),
    Column("uncited_calls", BigInteger, nullable=False),
    Column("last_at", BigInteger),
    Column("timed_calls", BigInteger, nullable=False),
    Column("total_us", BigInteger),
    Column("durations", LargeBinary),
    sqlite_with_rowid=False,
)

# Stretches of five minutes that are to be added up anew, and which transaction asked for it.
rollup_marks = Table(
    "rollup_marks",
    metadata,
    _project(),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
)

# The newest episode of each rule for each group; `details` is the rest of the Alert, as JSON.
alerts = Table(
    "alerts",
    metadata,
    _project(),
    Column("alert_id", HexId, primary_key=True),
    Column("rule", String, nullable=False),
    Column("state", String(16), nullable=False),
    Column("pending_at", BigInteger, nullable=False),
    Column("fired_at", BigInteger),
    Column("resolved_at", BigInteger),
    Column("evaluated_at", BigInteger, nullable=False),
    Column("details", String, nullable=False),
    Index("ix_alerts_state", "project_id", "state", "pending_at"),
)

# A declared destination, how it is doing and what went there. `secrets` are sealed header values (JSON, base64).
# `stopped_reason` is why the sender stopped by itself until a person resumes; `retry_at` is when it tries again after
# `failures` in a row. `minute` counts the spans of the running minute.
export_destinations = Table(
    "export_destinations",
    metadata,
    _project(),
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
    _project(),
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
    _project(),
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
    _project(),
    Column("trace_id", HexId, primary_key=True),
    Column("window_minute", BigInteger, primary_key=True, autoincrement=False),
    Column("counted", LargeBinary, nullable=False),
    Index("ix_export_metric_spans_window", "project_id", "window_minute"),
    sqlite_with_rowid=False,
)

# Rules by name; `declaration` is JSON in the words of the rules' files. `last_evaluated_at` is the end of a window.
alert_rules = Table(
    "alert_rules",
    metadata,
    _project(),
    Column("name", String, primary_key=True),
    Column("declaration", String, nullable=False),
    Column("declared_in", String(16), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_evaluated_at", BigInteger),
    Column("last_error", String),
)

# What was found of an alert at each evaluation that raised, kept or ended it; `at` is the end of the window.
alert_history = Table(
    "alert_history",
    metadata,
    _project(),
    Column("alert_id", HexId, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("threshold", Double),
    Column("samples", BigInteger),
    Column("state", String(16), nullable=False),
    Index("ix_alert_history_at", "project_id", "at"),
)

# How people are told of alerts. Secrets that were entered in the UI are in `sealed`, not in the declaration (JSON).
alert_channels = Table(
    "alert_channels",
    metadata,
    _project(),
    Column("name", String, primary_key=True),
    Column("declaration", String, nullable=False),
    Column("sealed", LargeBinary),
    Column("declared_in", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_sent_at", BigInteger),
    Column("last_error", String),
    Column("last_error_at", BigInteger),
)

# The alerts that share a message, and what was told of them; `content` is a Group, as JSON.
alert_groups = Table(
    "alert_groups",
    metadata,
    _project(),
    Column("channel", String, primary_key=True),
    Column("group_id", HexId, primary_key=True),
    Column("flush_at", BigInteger),
    Column("content", String, nullable=False),
)

# What waits to be sent, and what was; `message` is JSON. Who sends one has it until `claimed_until`.
alert_notifications = Table(
    "alert_notifications",
    metadata,
    _project(),
    Column("notification_id", HexId, primary_key=True),
    Column("channel", String, nullable=False),
    Column("group_id", HexId, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("message", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", BigInteger),
    Column("error", String),
    Index("ix_alert_notifications_state", "project_id", "state", "next_at"),
    Index("ix_alert_notifications_created", "project_id", "created_at"),
)

# Whom nobody is to be told of; `content` is a Silence, as JSON.
alert_silences = Table(
    "alert_silences",
    metadata,
    _project(),
    Column("silence_id", HexId, primary_key=True),
    Column("ends_at", BigInteger),
    Column("content", String, nullable=False),
)

# Written as the index ix_spans_tool has it: with bound parameters neither database would use a partial index.
CALLED_KINDS: tuple[ColumnElement[str], ...] = (literal_column("'tool'"), literal_column("'code'"))
is_tool_call = spans.c.kind.in_(CALLED_KINDS)
has_no_results = spans.c.results == literal_column("0")
is_lookup = spans.c.kind == literal_column("'retrieval'")
