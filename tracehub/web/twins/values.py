"""Rows of values as NDJSON, CSV and Markdown, written while they come."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import orjson

from tracehub.web.api.describe import moment
from tracehub.web.pages.visible import one_line

Value = str | int | float | bool | None
Columns = Sequence[tuple[str, str]]
Rows = Iterable[tuple[Value, ...]]

PIECE_BYTES = 64 * 1024
# What spreadsheets would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def spoken(columns: Columns, row: tuple[Value, ...]) -> dict[str, Value]:
    """The row by name; moments as ISO 8601 in UTC."""
    return {
        name: moment(value) if kind == "moment" and isinstance(value, int) else value
        for (name, kind), value in zip(columns, row, strict=True)
    }


def ndjson(columns: Columns, rows: Rows) -> Iterator[bytes]:
    """One JSON document a line."""
    return _in_pieces(orjson.dumps(spoken(columns, row)) + b"\n" for row in rows)


def csv_of(columns: Columns, rows: Rows) -> Iterator[bytes]:
    """RFC 4180, with a line of names; unknown is empty, and text that a spreadsheet would run begins with an
    apostrophe."""
    return _in_pieces(_csv_lines(columns, rows))


def markdown(title: str, columns: Columns, rows: Rows) -> Iterator[bytes]:
    """One table; every value on one line, shown as it is."""
    head = " | ".join(name for name, _ in columns)
    rule = "|".join(" --- " for _ in columns)
    yield f"# {escaped(title)}\n\n| {head} |\n|{rule}|\n".encode()
    lines = (
        ("| " + " | ".join(escaped(_text(value)) for value in spoken(columns, row).values()) + " |\n").encode()
        for row in rows
    )
    yield from _in_pieces(lines)


def escaped(text: str) -> str:
    """Text as Markdown shows it literally, on one line."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in one_line(text, 2000))


def harmless(value: Value) -> Value:
    """The value as a spreadsheet may read it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _csv_lines(columns: Columns, rows: Rows) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([name for name, _ in columns])
    for row in rows:
        writer.writerow(["" if value is None else harmless(value) for value in spoken(columns, row).values()])
        yield out.getvalue().encode("utf-8", "replace")
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode("utf-8", "replace")


def _text(value: Value) -> str:
    return "—" if value is None else str(value)


def _in_pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Some lines together: each piece costs a change of threads."""
    held = bytearray()
    for line in lines:
        held += line
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)
