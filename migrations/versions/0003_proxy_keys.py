"""The keys that callers of the proxy hold; their secrets are not kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proxy_keys",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("overlap_until", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sa.Column("region", sa.String),
        sa.Column("role_arn", sa.String),
        sa.Column("external_id", sa.String),
        sa.Column("agents", sa.String, nullable=False),
        sa.Column("aliases", sa.String, nullable=False),
        sa.Column("operations", sa.String, nullable=False),
        sa.Column("requests_per_second", sa.Double),
        sa.PrimaryKeyConstraint("project_id", "key_id", name="pk_proxy_keys"),
    )


def downgrade() -> None:
    op.drop_table("proxy_keys")
