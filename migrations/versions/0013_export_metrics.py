"""Windows of metrics and which spans they counted; what turns add up to by how they ended.

The stretches of all traces are marked, so that they are added up anew after the start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_metric_windows",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("window_minute", sa.BigInteger, nullable=False),
        sa.Column("destination", sa.String, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("read_until", sa.BigInteger),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.String),
        sa.PrimaryKeyConstraint("project_id", "window_minute", "destination", "part", name="pk_export_metric_windows"),
    )
    op.create_table(
        "export_metric_spans",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("trace_id", sa.LargeBinary, nullable=False),
        sa.Column("window_minute", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "trace_id", "window_minute", name="pk_export_metric_spans"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_export_metric_spans_window", "export_metric_spans", ["project_id", "window_minute"])
    op.execute(
        "INSERT INTO rollup_marks (project_id, slot, transaction_number) "
        "SELECT DISTINCT project_id, slot, 0 FROM rollups WHERE minutes = 5 ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    op.drop_table("export_metric_spans")
    op.drop_table("export_metric_windows")
