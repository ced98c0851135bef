"""One tool: who calls it, how it fails, and its latest calls."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.usage import by, over_time, percentiles, sum_of, usage
from tracehub.errors import NotFoundError
from tracehub.model.call import CallRow
from tracehub.model.tally import SESSION_TOOL
from tracehub.store import calls
from tracehub.web.pages import addresses
from tracehub.web.pages.durations import between, duration, milliseconds
from tracehub.web.pages.labels import error_badge
from tracehub.web.pages.short_names import tool_name
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.reports.agents import agent_datum, key_of
from tracehub.web.reports.bars_of_calls import calls_chart, calls_table, narrowed
from tracehub.web.reports.filters import read_usage_filter, usage_bar
from tracehub.web.reports.percentile_chart import percentile_chart
from tracehub.web.reports.report import Figure, Link, Report, covered
from tracehub.web.reports.tables import Column, Datum, Table, named, number, rate, table, when
from tracehub.web.reports.tools_report import CALLED, PATH, address_of, call_columns, call_values

LATEST = 20
_LOOKED_AT = 500


def tool_report(connection: Connection, tool: str, query: QueryParams, *, now: int) -> Report:
    """The page of a tool; NotFoundError where no call of it is known."""
    filter = read_usage_filter(query, now)
    used = usage(connection, filter, (*CALLED, SESSION_TOOL), now, names=[tool])
    called = used.of(*CALLED)
    latest = calls.of_tool(connection, tool, filter, LATEST)
    if not called and not latest and not calls.of_tool(connection, tool, read_usage_filter(_NOTHING, now), 1):
        raise NotFoundError(f"no call of a tool {visible(tool)[:100]} is known")
    path = address_of(tool)
    buckets = over_time(called, used.period)
    hrefs = narrowed(path, query, used.period)
    whole = sum_of(called)
    p50, p95, p99 = percentiles(whole, 0.50, 0.95, 0.99)
    callers = by(called, key_of("version"))
    tables = [
        table(
            "callers",
            "Who calls it",
            call_columns(Column("agent", "Agent, alias and version", number=False)),
            (
                (
                    agent_datum(who),
                    *call_values(tally, [c for c in called if key_of("version")(c) == who], used, whole.calls),
                )
                for who, tally in callers.items()
            ),
        ),
        *_failing(calls.of_tool(connection, tool, filter, _LOOKED_AT, failing=True)),
        _arguments(calls.of_tool(connection, tool, filter, _LOOKED_AT)),
        calls_of("latest", f"The latest {LATEST} calls", latest, now),
    ]
    shown = [found for found in tables if found.rows]
    name, group = tool_name(tool)
    return Report(
        section="tools",
        title=f"{one_line(tool, 60)} – Tools",
        heading=one_line(name, 120) + (f" of {one_line(group, 80)}" if group else ""),
        path=path,
        crumb=Link("Tools", PATH),
        filters=usage_bar(connection, path, query),
        period=covered(used),
        since=used.period.since,
        until=used.period.until,
        minutes=used.period.minutes,
        figures=(
            Figure("Calls", f"{whole.calls:,}"),
            Figure("Errors reported", rate(whole.errors_reported, whole.calls).text, f"{whole.errors_reported:,}"),
            Figure("Errors inferred", rate(whole.errors_inferred, whole.calls).text, f"{whole.errors_inferred:,}"),
            Figure("p50", milliseconds(p50)),
            Figure("p95", milliseconds(p95)),
            Figure("p99", milliseconds(p99)),
            Figure("Sessions", f"{sum_of(used.of(SESSION_TOOL)).calls:,}", "that began in this time"),
        ),
        items=(
            calls_chart("Calls over time", "call", used.period, buckets, hrefs),
            calls_table("call", used.period, buckets, hrefs),
            *percentile_chart("How long calls took", used.period, buckets, hrefs),
            *shown,
        ),
        links=(Link("Sessions that call it", addresses.sessions(tool=tool)),),
    )


def calls_of(key: str, title: str, rows: Sequence[CallRow], now: int) -> Table:
    """Calls, each with the way to its step."""
    return table(
        key,
        title,
        (
            Column("started_at", "Started", number=False),
            Column("input", "Input", number=False),
            Column("outcome", "Outcome", number=False),
            Column("duration_ms", "Duration"),
            Column("agent", "Agent", number=False),
            Column("session_id", "Session", number=False),
        ),
        (
            (
                _step(row, now),
                named(row.summary, otherwise="no input in the trace"),
                _outcome(row),
                _duration(row),
                agent_datum((row.agent_id, row.alias_id, row.agent_version)),
                named(row.session_id, href=addresses.session(row.session_id)),
            )
            for row in rows
        ),
    )


def _step(row: CallRow, now: int) -> Datum:
    moment = when(row.started_at, now)
    return Datum(
        moment.value,
        moment.text if moment.value else "time not reported",
        href=addresses.step(row.session_id, row.trace_id, row.span_id),
        hint=moment.hint,
        iso=moment.iso,
    )


def _outcome(row: CallRow) -> Datum:
    badge = error_badge(row.error_source)
    if badge is None:
        return named(row.outcome, shown=row.outcome.replace("_", " "))
    said = one_line(": ".join(part for part in (row.error_type, row.error_text) if part), 120)
    return Datum(f"{row.error_source} {said}", f"{badge.mark} {said or badge.text}", tone=badge.tone, hint=badge.text)


def _duration(row: CallRow) -> Datum:
    lasted = between(row.started_at, row.ended_at)
    return Datum(None if lasted is None else lasted / 1000, duration(lasted))


def _failing(rows: Sequence[CallRow]) -> tuple[Table, ...]:
    """What the latest failures say."""
    said = Counter((row.error_source or "", row.error_type or "", row.error_text or "") for row in rows)
    first = {(row.error_source or "", row.error_type or "", row.error_text or ""): row for row in reversed(rows)}
    columns = (
        Column("error", "What it said", number=False),
        Column("type", "Type or rule", number=False),
        Column("source", "Source", number=False),
        Column("calls", "Calls", unit="calls"),
    )
    found = table(
        "errors",
        "How it fails",
        columns,
        (
            (
                named(
                    text,
                    otherwise="no text",
                    href=addresses.step(row.session_id, row.trace_id, row.span_id),
                    hint="the latest call that failed so",
                ),
                named(kind),
                named(source),
                number(count),
            )
            for (source, kind, text), count in said.most_common(LATEST)
            for row in [first[source, kind, text]]
        ),
        note=f"Of the latest {_LOOKED_AT} failures." if len(rows) == _LOOKED_AT else "",
    )
    return (found,) if rows else ()


def _arguments(rows: Sequence[CallRow]) -> Table:
    """Which arguments failed calls have in common, the most failures first."""
    every = Counter(argument for row in rows for argument in _arguments_of(row))
    failed = Counter(argument for row in rows if row.error_source for argument in _arguments_of(row))
    return table(
        "failing_arguments",
        "What failing calls have in common",
        (
            Column("argument", "Argument", number=False),
            Column("failed", "Failed", unit="failed"),
            Column("calls", "Calls", unit="calls"),
            Column("rate", "Share"),
        ),
        (
            (named(text), number(count, tone="err"), number(every[text]), rate(count, every[text]))
            for text, count in failed.most_common(LATEST)
            if count > 1
        ),
        note=f"Of the latest {len(rows):,} calls, as far as the first 200 characters of their arguments tell.",
    )


def _arguments_of(row: CallRow) -> set[str]:
    """`name=value` of each argument; a value with a comma and a space in it is cut there."""
    return {part for part in (row.summary or "").split(", ") if "=" in part and not part.endswith("…")}


_NOTHING = QueryParams("")
