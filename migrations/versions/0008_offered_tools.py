"""Which functions agents' prompts offered to their models. What is stored already is noted by `tracehub reindex`."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offered_tools",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("offer_id", sa.LargeBinary, nullable=False),
        sa.Column("agent_id", sa.String),
        sa.Column("alias_id", sa.String),
        sa.Column("agent_version", sa.String),
        sa.Column("tool", sa.String, nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "offer_id", name="pk_offered_tools"),
    )


def downgrade() -> None:
    op.drop_table("offered_tools")
