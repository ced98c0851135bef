"""Channels, the groups of alerts that share a message, what was told, and silences."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_channels",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("declaration", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("declared_in", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_sent_at", sa.BigInteger),
        sa.Column("last_error", sa.String),
        sa.Column("last_error_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_alert_channels"),
    )
    op.create_table(
        "alert_groups",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("group_id", sa.LargeBinary, nullable=False),
        sa.Column("flush_at", sa.BigInteger),
        sa.Column("content", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "channel", "group_id", name="pk_alert_groups"),
    )
    op.create_table(
        "alert_notifications",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("notification_id", sa.LargeBinary, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("group_id", sa.LargeBinary, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("claimed_until", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("error", sa.String),
        sa.PrimaryKeyConstraint("project_id", "notification_id", name="pk_alert_notifications"),
    )
    op.create_index("ix_alert_notifications_state", "alert_notifications", ["project_id", "state", "next_at"])
    op.create_index("ix_alert_notifications_created", "alert_notifications", ["project_id", "created_at"])
    op.create_table(
        "alert_silences",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("silence_id", sa.LargeBinary, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("content", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "silence_id", name="pk_alert_silences"),
    )


def downgrade() -> None:
    for table in ("alert_silences", "alert_notifications", "alert_groups", "alert_channels"):
        op.drop_table(table)
