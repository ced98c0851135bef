"""What is searched of traces, and its index: FTS5 on SQLite, tsvectors on PostgreSQL. `tracehub reindex` fills them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FIELDS = "question, answer, rationale, tool_input, tool_output, reference, error, code, query, other"


def upgrade() -> None:
    op.create_table(
        "search_texts",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("trace_id", sa.LargeBinary, nullable=False),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("document_id", sa.BigInteger),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("texts", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "trace_id", name="pk_search_texts"),
    )
    op.create_index("ix_search_texts_document", "search_texts", ["document_id", "project_id", "session_id", "trace_id"])
    op.create_index("ix_search_texts_session", "search_texts", ["project_id", "session_id", "document_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE VIRTUAL TABLE search_index USING fts5({_FIELDS}, content='', tokenize='ascii')")
        return
    op.create_table(
        "search_index",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("trace_id", sa.LargeBinary, nullable=False),
        sa.Column("part", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("lexemes", postgresql.TSVECTOR, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "trace_id", "part", name="pk_search_index"),
    )
    op.create_index("ix_search_index_lexemes", "search_index", ["lexemes"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("search_index")
    op.drop_table("search_texts")
