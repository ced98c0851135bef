"""Alerts: what each rule says of each group."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("alert_id", sa.LargeBinary, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("pending_at", sa.BigInteger, nullable=False),
        sa.Column("fired_at", sa.BigInteger),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("evaluated_at", sa.BigInteger, nullable=False),
        sa.Column("details", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "alert_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_state", "alerts", ["project_id", "state", "pending_at"])


def downgrade() -> None:
    op.drop_table("alerts")
