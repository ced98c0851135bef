"""Alert rules, the history of alerts, and numbers that only alerts ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("declaration", sa.String, nullable=False),
        sa.Column("declared_in", sa.String(16), nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_evaluated_at", sa.BigInteger),
        sa.Column("last_error", sa.String),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_alert_rules"),
    )
    op.create_table(
        "alert_history",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("alert_id", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("threshold", sa.Double),
        sa.Column("samples", sa.BigInteger),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "alert_id", "at", name="pk_alert_history"),
    )
    op.create_index("ix_alert_history_at", "alert_history", ["project_id", "at"])
    # Rollups have kinds that they had not: all that is stored is added up anew, in the background.
    op.execute(
        "INSERT INTO rollup_marks (project_id, slot, transaction_number) "
        "SELECT DISTINCT project_id, slot, 0 FROM rollups WHERE minutes = 5 ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    op.drop_table("alert_history")
    op.drop_table("alert_rules")
