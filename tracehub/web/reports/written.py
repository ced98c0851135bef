"""A report for machines: JSON, one JSON document a line, CSV of one table, or Markdown."""

import csv
import io
from collections.abc import Iterator

import orjson
from starlette.datastructures import QueryParams
from starlette.responses import Response

from tracehub.web.filters import BadQueryError
from tracehub.web.reports.bars_of_calls import iso_of
from tracehub.web.reports.report import Report
from tracehub.web.reports.tables import Raw, Table
from tracehub.web.twins.values import escaped, harmless

_TYPES = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".csv": "text/csv; charset=utf-8; header=present",
    ".md": "text/markdown; charset=utf-8",
}


def without_table(query: QueryParams) -> tuple[QueryParams, str | None]:
    """The query without the name of the table, and that name."""
    rest = [(name, value) for name, value in query.multi_items() if name != "table"]
    return QueryParams(rest), query.get("table")


def write(report: Report, ending: str, table: str | None) -> Response:
    """The report in the form of `ending`, one of ENDINGS; `table` names the only one wanted."""
    tables = _tables(report, table)
    match ending:
        case ".json":
            body = orjson.dumps(_document(report, tables), option=orjson.OPT_INDENT_2)
        case ".ndjson":
            body = b"".join(
                orjson.dumps({"table": found.key, **row}) + b"\n" for found in tables for row in _rows(found)
            )
        case ".csv":
            body = _csv(tables[0]) if tables else b""
        case _:
            body = _markdown(report, tables).encode()
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(body, media_type=_TYPES[ending], headers=headers)


def _tables(report: Report, wanted: str | None) -> list[Table]:
    tables = [item for item in report.items if isinstance(item, Table)]
    if wanted is None:
        return tables
    found = [table for table in tables if table.key == wanted]
    if not found and tables:
        raise BadQueryError("table", f"one of {', '.join(table.key for table in tables)}")
    return found


def _rows(table: Table) -> Iterator[dict[str, Raw]]:
    keys = [column.key for column in table.columns]
    for row in table.rows:
        yield {key: datum.value for key, datum in zip(keys, row, strict=True)}


def _document(report: Report, tables: list[Table]) -> dict[str, object]:
    return {
        "title": report.title,
        "since": iso_of(report.since) if report.since is not None else None,
        "until": iso_of(report.until) if report.until is not None else None,
        "bucket_minutes": report.minutes,
        "tables": {table.key: list(_rows(table)) for table in tables},
    }


def _csv(table: Table) -> bytes:
    """RFC 4180; text that a spreadsheet would run begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(column.key for column in table.columns)
    for row in _rows(table):
        writer.writerow("" if value is None else harmless(value) for value in row.values())
    return out.getvalue().encode()


def _markdown(report: Report, tables: list[Table]) -> str:
    lines = [f"# {escaped(report.heading)}", "", report.period, ""]
    lines += [f"- {figure.name}: {escaped(figure.value)}" for figure in report.figures]
    for table in tables:
        columns = [column for column in table.columns if column.key != "trend"]
        lines += ["", f"## {escaped(table.title)}", "", "| " + " | ".join(column.label for column in columns) + " |"]
        lines.append("|" + "|".join(" ---: " if column.number else " --- " for column in columns) + "|")
        places = [place for place, column in enumerate(table.columns) if column.key != "trend"]
        lines += ["| " + " | ".join(escaped(row[place].text) for place in places) + " |" for row in table.rows]
    return "\n".join(lines) + "\n"
