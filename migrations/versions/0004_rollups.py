"""What calls add up to over time, and what is counted of a span for it.

The stretches of all traces and sessions are marked, so that they are added up after the start. Sizes, results, policies
and the time to the first text of what is stored already are unknown until `tracehub reindex` has run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SLOT = "(ordered_at - ((ordered_at % 300000000) + 300000000) % 300000000) / 300000000"


def upgrade() -> None:
    op.add_column("traces", sa.Column("first_text_us", sa.BigInteger))
    op.add_column("spans", sa.Column("policies", sa.String))
    op.add_column("spans", sa.Column("input_bytes", sa.BigInteger))
    op.add_column("spans", sa.Column("output_bytes", sa.BigInteger))
    op.add_column("spans", sa.Column("results", sa.Integer))
    op.add_column("spans", sa.Column("cited", sa.Integer))
    of_lookups, of_interventions = sa.text("kind = 'retrieval'"), sa.text("policies IS NOT NULL")
    op.create_index(
        "ix_spans_lookup",
        "spans",
        ["project_id", "name", "started_at"],
        sqlite_where=of_lookups,
        postgresql_where=of_lookups,
    )
    op.create_index(
        "ix_spans_empty_lookup",
        "spans",
        ["project_id", "started_at"],
        sqlite_where=sa.text("results = 0"),
        postgresql_where=sa.text("results = 0"),
    )
    op.create_index(
        "ix_spans_intervention",
        "spans",
        ["project_id", "started_at"],
        sqlite_where=of_interventions,
        postgresql_where=of_interventions,
    )
    op.create_table(
        "rollups",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("minutes", sa.SmallInteger, nullable=False),
        sa.Column("slot", sa.BigInteger, nullable=False),
        sa.Column("cell_id", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("detail", sa.String),
        sa.Column("agent_id", sa.String),
        sa.Column("alias_id", sa.String),
        sa.Column("agent_version", sa.String),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("turns", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("blocked", sa.BigInteger, nullable=False),
        sa.Column("errors_reported", sa.BigInteger, nullable=False),
        sa.Column("errors_inferred", sa.BigInteger, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("calls_with_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger),
        sa.Column("priced_calls", sa.BigInteger, nullable=False),
        sa.Column("input_bytes", sa.BigInteger),
        sa.Column("calls_with_input", sa.BigInteger, nullable=False),
        sa.Column("output_bytes", sa.BigInteger),
        sa.Column("calls_with_output", sa.BigInteger, nullable=False),
        sa.Column("results", sa.BigInteger),
        sa.Column("calls_with_results", sa.BigInteger, nullable=False),
        sa.Column("empty_calls", sa.BigInteger, nullable=False),
        sa.Column("cited", sa.BigInteger),
        sa.Column("calls_with_citations", sa.BigInteger, nullable=False),
        sa.Column("uncited_calls", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger),
        sa.Column("timed_calls", sa.BigInteger, nullable=False),
        sa.Column("total_us", sa.BigInteger),
        sa.Column("durations", sa.LargeBinary),
        sa.PrimaryKeyConstraint("project_id", "minutes", "slot", "cell_id", name="pk_rollups"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup_marks",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("slot", sa.BigInteger, nullable=False),
        sa.Column("transaction_number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "slot", "transaction_number", name="pk_rollup_marks"),
    )
    for table in ("traces", "sessions"):
        op.execute(
            "INSERT INTO rollup_marks (project_id, slot, transaction_number) "  # noqa: S608
            f"SELECT DISTINCT project_id, {_SLOT}, 0 FROM {table} WHERE true ON CONFLICT DO NOTHING"
        )


def downgrade() -> None:
    op.drop_table("rollup_marks")
    op.drop_table("rollups")
    op.drop_index("ix_spans_intervention", "spans")
    op.drop_index("ix_spans_empty_lookup", "spans")
    op.drop_index("ix_spans_lookup", "spans")
    for column in ("cited", "results", "output_bytes", "input_bytes", "policies"):
        op.drop_column("spans", column)
    op.drop_column("traces", "first_text_us")
