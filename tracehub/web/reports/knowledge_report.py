"""Lookups in knowledge bases: how many, how many found nothing, and what was found and never cited."""

from collections import defaultdict

from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.usage import by, over_time, percentiles, sum_of, usage
from tracehub.model.tally import Cell
from tracehub.store import calls
from tracehub.web.pages import addresses
from tracehub.web.reports.agents import agent_datum
from tracehub.web.reports.bars_of_calls import calls_chart, calls_table, narrowed
from tracehub.web.reports.filters import read_usage_filter, usage_bar
from tracehub.web.reports.percentile_chart import percentile_chart
from tracehub.web.reports.report import Figure, Report, covered
from tracehub.web.reports.tables import Column, lasted, mean, named, number, rate, table, trend, when, with_bar

PATH = "/knowledge-bases"
LATEST = 20


def knowledge_report(connection: Connection, query: QueryParams, *, now: int) -> Report:
    """The page of knowledge bases."""
    filter = read_usage_filter(query, now)
    used = usage(connection, filter, ["retrieval"], now)
    buckets = over_time(used.cells, used.period)
    hrefs = narrowed(PATH, query, used.period)
    whole = sum_of(used.cells)
    found = by(used.cells, lambda cell: cell.name)
    cells_of: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in used.cells:
        cells_of[cell.name].append(cell)
    most = max((tally.calls for tally in found.values()), default=0)
    bases = table(
        "knowledge_bases",
        "Knowledge bases, the most asked first",
        (
            Column("knowledge_base", "Knowledge base", number=False),
            Column("trend", "Trend", number=False),
            Column("lookups", "Lookups", unit="lookups"),
            Column("zero_hits", "Zero hits", unit="zero hits"),
            Column("zero_hit_rate", "Zero-hit rate", hint="of lookups whose results were reported"),
            Column("results_mean", "Passages", unit="passages", hint="mean number found"),
            Column(
                "never_cited", "Never cited", unit="never cited", hint="found something that the answer cites nowhere"
            ),
            Column("never_cited_rate", "Never-cited rate", hint="of lookups in turns with an answer"),
            Column("p50_ms", "p50", unit="p50"),
            Column("p95_ms", "p95", unit="p95"),
            Column("turns", "Turns", unit="turns"),
            Column("last_lookup_at", "Last lookup", number=False),
        ),
        (
            (
                with_bar(named(name, href=addresses.sessions(kb=name)), tally.calls, most, tally.empty_calls),
                trend([bucket.calls for bucket in over_time(cells_of[name], used.period)]),
                number(tally.calls),
                number(tally.empty_calls, tone="warn"),
                rate(tally.empty_calls, tally.calls_with_results, tone="warn"),
                mean(tally.results, tally.calls_with_results),
                number(tally.uncited_calls, tone="warn"),
                rate(tally.uncited_calls, tally.calls_with_citations, tone="warn"),
                *(lasted(value) for value in percentiles(tally, 0.50, 0.95)),
                number(tally.turns),
                when(tally.last_at, now),
            )
            for name, tally in found.items()
        ),
    )
    empty_lookups = calls.without_results(connection, filter, LATEST)
    missed = table(
        "zero_hits",
        f"The latest {LATEST} questions without a hit",
        (
            Column("started_at", "Asked", number=False),
            Column("query", "Query", number=False),
            Column("knowledge_base", "Knowledge base", number=False),
            Column("agent", "Agent", number=False),
        ),
        (
            (
                when(row.started_at, now),
                named(
                    row.summary,
                    otherwise="no query in the trace",
                    href=addresses.step(row.session_id, row.trace_id, row.span_id),
                ),
                named(row.name),
                agent_datum((row.agent_id, row.alias_id, row.agent_version)),
            )
            for row in empty_lookups
        ),
    )
    over = calls_table("lookup", used.period, buckets, hrefs)
    return Report(
        section="knowledge-bases",
        title="Knowledge bases",
        heading="Knowledge bases",
        path=PATH,
        filters=usage_bar(connection, PATH, query),
        period=covered(used),
        since=used.period.since,
        until=used.period.until,
        minutes=used.period.minutes,
        figures=(
            Figure("Lookups", f"{whole.calls:,}"),
            Figure(
                "Zero hits", rate(whole.empty_calls, whole.calls_with_results).text, f"{whole.empty_calls:,} lookups"
            ),
            Figure(
                "Found, never cited",
                rate(whole.uncited_calls, whole.calls_with_citations).text,
                f"{whole.uncited_calls:,} of {whole.calls_with_citations:,} lookups in turns with an answer",
            ),
        ),
        items=(
            bases,
            calls_chart("Lookups over time", "lookup", used.period, buckets, hrefs),
            over,
            *percentile_chart("How long lookups took", used.period, buckets, hrefs),
            *((missed,) if missed.rows else ()),
        )
        if used.cells
        else (),
        notes=(
            "A lookup whose results AWS did not report counts neither as a hit nor as zero hits.",
            "Never cited: passages were found, but the turn's answer cites none of them.",
        ),
        empty=None if used.cells else "Lookups in knowledge bases are counted here once a trace has some.",
        icon="book",
    )
