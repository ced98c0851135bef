"""When each trace's row last gained something, so that any process can ask what is new.

Of what is stored already it is taken to be the receipt.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("traces", sa.Column("written_at", sa.BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE traces SET written_at = received_at")
    op.create_index("ix_traces_written", "traces", ["project_id", "written_at", "trace_id"])


def downgrade() -> None:
    op.drop_index("ix_traces_written", "traces")
    op.drop_column("traces", "written_at")
