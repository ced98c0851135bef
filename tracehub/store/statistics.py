"""What SQLite's planner is told of the tables: a large database's proportions, whatever this one's are.

Without statistics it guesses, and may read every trace to find the calls of one tool (15 s at a million spans); with
those of ANALYZE its plans change with the data, and those for names that are frequent become scans. Written down, plans
are the same everywhere and can be measured. Each number after the first says how many rows share a prefix of the index.
"""

from sqlalchemy import Connection, text

from tracehub.store.dialect import is_sqlite

_STATISTICS = {
    ("event_blocks", "sqlite_autoindex_event_blocks_1"): "1500000 1500000 2 1",
    ("return_controls", "sqlite_autoindex_return_controls_1"): "100000 100000 1",
    ("rollups", "rollups"): "200000 200000 50000 70 1",
    ("run_links", "sqlite_autoindex_run_links_1"): "100000 100000 1",
    ("search_texts", "ix_search_texts_document"): "1000000 1 1 1 1",
    ("search_texts", "ix_search_texts_session"): "1000000 1000000 4 1",
    ("search_texts", "sqlite_autoindex_search_texts_1"): "1000000 1000000 1",
    ("sessions", "ix_sessions_ordered"): "250000 250000 1 1",
    ("sessions", "sessions"): "250000 250000 1",
    ("spans", "ix_spans_empty_lookup"): "5000 5000 1",
    ("spans", "ix_spans_intervention"): "5000 5000 1",
    ("spans", "ix_spans_lookup"): "100000 100000 1000 1",
    ("spans", "ix_spans_tool"): "1500000 1500000 1000 1",
    ("spans", "spans"): "6000000 6000000 6 1",
    ("traces", "ix_traces_agent"): "1000000 1000000 100000 1",
    ("traces", "ix_traces_ordered"): "1000000 1000000 1 1",
    ("traces", "ix_traces_session"): "1000000 1000000 4 1",
    ("traces", "ix_traces_written"): "1000000 1000000 1 1",
    ("traces", "traces"): "1000000 1000000 1",
}


def write(connection: Connection) -> None:
    """Writes them; connections that are opened later plan by them. Nothing where they are there, or not on SQLite."""
    if not is_sqlite(connection):
        return
    # Makes the table; it reads no rows.
    connection.execute(text("ANALYZE sqlite_schema"))
    there = {(row[0], row[1]): row[2] for row in connection.execute(text("SELECT tbl, idx, stat FROM sqlite_stat1"))}
    if there == _STATISTICS:
        return
    connection.execute(text("DELETE FROM sqlite_stat1"))
    rows = [{"tbl": table, "idx": index, "stat": stat} for (table, index), stat in _STATISTICS.items()]
    connection.execute(text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"), rows)
    connection.execute(text("ANALYZE sqlite_schema"))
