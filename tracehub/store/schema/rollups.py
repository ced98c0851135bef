"""What calls add up to."""

from sqlalchemy import BigInteger, Column, LargeBinary, SmallInteger, String, Table

from tracehub.store.schema.columns import HexId, metadata, project

# What the calls of a stretch of time add up to, by who called what. `minutes` is the stretch's length (see GRAINS),
# `slot` its number since 1970, `cell_id` a hash of the six columns after it, some of which may be NULL. `kind` is that
# of a span, or one of `model.tally`. Sums are NULL where nothing was reported; `durations` are counts by the buckets
# of `latency`, in MessagePack.
rollups = Table(
    "rollups",
    metadata,
    project(),
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
    project(),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
)
