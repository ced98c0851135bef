"""What turns add up to by how they ended.

The stretches of all traces are marked, so that they are added up anew after the start.
"""

from alembic import op

revision = "0013"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO rollup_marks (project_id, slot, transaction_number) "
        "SELECT DISTINCT project_id, slot, 0 FROM rollups WHERE minutes = 5 ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    op.execute("DELETE FROM rollup_marks WHERE false")
