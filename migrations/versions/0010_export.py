"""Destinations of exported traces, and what became of each trace there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_destinations",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("declaration", sa.String, nullable=False),
        sa.Column("secrets", sa.String, nullable=False),
        sa.Column("declared_in", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("stopped_reason", sa.String),
        sa.Column("stopped_at", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.BigInteger, nullable=False),
        sa.Column("last_error", sa.String),
        sa.Column("last_error_at", sa.BigInteger),
        sa.Column("last_delivered_at", sa.BigInteger),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in (
                "requests",
                "delivered_traces",
                "delivered_spans",
                "rejected_traces",
                "rejected_spans",
                "too_large_traces",
                "expired_traces",
                "dropped_traces",
                "minute",
                "minute_spans",
                "last_minute_spans",
            )
        ),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_export_destinations"),
    )
    op.create_table(
        "export_outbox",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("trace_id", sa.LargeBinary, nullable=False),
        sa.Column("destination", sa.String, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("settled", sa.LargeBinary, nullable=False),
        sa.Column("forced", sa.Boolean, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("claim", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("enqueued_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("delivered_at", sa.BigInteger),
        sa.Column("failed_at", sa.BigInteger),
        sa.Column("rejected_spans", sa.Integer, nullable=False),
        sa.Column("last_error", sa.String),
        sa.PrimaryKeyConstraint("project_id", "trace_id", "destination", name="pk_export_outbox"),
        sqlite_with_rowid=False,
    )
    for what in ("next", "delivered", "failed"):
        column = f"{what}_at"
        op.create_index(
            f"ix_export_outbox_{what}",
            "export_outbox",
            ["project_id", "destination", column],
            sqlite_where=sa.text(f"{column} IS NOT NULL"),
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_table("export_outbox")
    op.drop_table("export_destinations")
