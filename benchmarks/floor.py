"""The floor: parse, compress, insert; no validation, no assembling, no index of its own."""

import contextlib
import sqlite3
import time
from pathlib import Path

import msgspec
import orjson
import psycopg
import zstandard

BATCH = 1000


class Floor(msgspec.Struct, frozen=True):
    """Seconds and bytes of one bare run over the traffic, and the seconds of parsing alone."""

    parse_seconds: float
    pipeline_seconds: float
    size: int


def sqlite_floor(traffic: Path, folder: Path) -> Floor:
    """One row per call: its bytes compressed together, two indexes; full sync, 1,000 rows a transaction."""
    with contextlib.closing(sqlite3.connect(folder / "floor.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"CREATE TABLE calls ({_COLUMNS})".replace("BYTES", "BLOB"))
        _indexes(connection.execute)

        def store(rows: list[tuple[object, ...]]) -> None:
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO calls VALUES (?, ?, ?, ?)", rows)
            connection.execute("COMMIT")

        return _run(traffic, store)


def postgresql_floor(traffic: Path, url: str) -> Floor:
    """The same by binary COPY."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(f"CREATE TABLE calls ({_COLUMNS})".replace("BYTES", "BYTEA"))
        _indexes(connection.execute)
        connection.commit()

        def store(rows: list[tuple[object, ...]]) -> None:
            with connection.cursor() as cursor, cursor.copy("COPY calls FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "text", "int8", "bytea"])
                for row in rows:
                    copy.write_row(row)
            connection.commit()

        return _run(traffic, store)


_COLUMNS = "id TEXT, session TEXT, number BIGINT, data BYTES"


def _indexes(execute: object) -> None:
    for column in ("id", "session"):
        execute(f"CREATE INDEX calls_{column} ON calls ({column})")  # type: ignore[operator]


def _run(traffic: Path, store: object) -> Floor:
    lines = traffic.read_bytes().splitlines()
    began = time.perf_counter()
    for line in lines:
        orjson.loads(line)
    parsed = time.perf_counter() - began
    compressor = zstandard.ZstdCompressor(level=3)
    began = time.perf_counter()
    rows: list[tuple[object, ...]] = []
    for number, line in enumerate(lines):
        document = orjson.loads(line)
        rows.append(
            (document["ResponseMetadata"]["RequestId"], document["sessionId"], number, compressor.compress(line))
        )
        if len(rows) == BATCH:
            store(rows)  # type: ignore[operator]
            rows = []
    store(rows)  # type: ignore[operator]
    return Floor(parsed, time.perf_counter() - began, sum(map(len, lines)))
