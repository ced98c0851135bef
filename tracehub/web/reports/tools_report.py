"""How tools were used: all of them."""

from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.usage import Usage, by, over_time, percentiles, usage
from tracehub.model.listing import Filter
from tracehub.model.tally import FOLLOWS, SESSION_TOOL, TURN_CALLS, Cell, Tally
from tracehub.store import offered_tools
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted
from tracehub.web.reports.agents import BY_AGENT, Key, agent_datum, key_of
from tracehub.web.reports.bars_of_calls import calls_chart, calls_table, narrowed
from tracehub.web.reports.filters import KEYS, choice_of, read_usage_filter, usage_bar
from tracehub.web.reports.report import Figure, Report, covered, tabs
from tracehub.web.reports.tables import (
    Column,
    Datum,
    Table,
    lasted,
    mean,
    named,
    number,
    part_of,
    rate,
    table,
    trend,
    when,
    with_bar,
)

PATH = "/tools"
CALLED = ("tool", "code")
_BY = {"tool": "Tool", **BY_AGENT}
_MOST_FOLLOWS = 20
_MOST_CALLS_SHOWN = 10


def tools_report(connection: Connection, query: QueryParams, *, now: int) -> Report:
    """Calls, errors, latency and sizes per tool, or per agent, alias or version."""
    grouped = choice_of(query, "by", _BY)
    filter = read_usage_filter(query, now, also=("by",))
    used = usage(connection, filter, (*CALLED, FOLLOWS, SESSION_TOOL, TURN_CALLS), now)
    called = used.of(*CALLED)
    buckets = over_time(called, used.period)
    hrefs = narrowed(PATH, query, used.period)
    calls = sum(tally.calls for tally in buckets)
    reported, inferred = sum(t.errors_reported for t in buckets), sum(t.errors_inferred for t in buckets)
    tables = (
        _tools(used, called, query, now) if grouped == "tool" else _callers(used, called, grouped, query),
        calls_table("call", used.period, buckets, hrefs),
        _per_turn(used.of(TURN_CALLS)),
        _follows(used.of(FOLLOWS)),
        _never_called(connection, called, filter),
    )
    first, *rest = tables
    return Report(
        section="tools",
        title="Tools",
        heading="Tools",
        path=PATH,
        filters=usage_bar(connection, PATH, query, kept=("by",)),
        period=covered(used),
        since=used.period.since,
        until=used.period.until,
        minutes=used.period.minutes,
        tabs=tabs(PATH, query, "by", _BY, grouped),
        figures=(
            Figure("Tools", f"{len({cell.name for cell in called}):,}"),
            Figure("Calls", f"{calls:,}"),
            Figure("Errors reported", part_of(reported, calls).text),
            Figure("Errors inferred", part_of(inferred, calls).text),
        ),
        items=(
            first,
            calls_chart("Calls over time", "call", used.period, buckets, hrefs),
            *(found for found in rest if found.rows),
        )
        if called
        else (),
        notes=(
            "Reported: AWS or the caller said that the call failed. Inferred: a rule concluded it from the output.",
            "Percentiles are at most 1 % off. Sessions are those that began in this time.",
        ),
        empty=None if called else "Calls of action groups and of the code interpreter are counted here.",
        icon="wrench",
    )


def address_of(tool: str, query: QueryParams | None = None) -> str:
    """The page of one tool, with the filters in use."""
    values = [(name, value) for name, value in query.multi_items() if name in KEYS and value] if query else []
    return addresses.tool(tool) + (f"?{urlencode(values)}" if values else "")


def call_columns(first: Column) -> tuple[Column, ...]:
    """The columns of a table of calls, behind what the calls are grouped by."""
    return (
        first,
        Column("trend", "Trend", number=False),
        Column("calls", "Calls", unit="calls"),
        Column("share", "Share", unit="of calls"),
        Column("errors_reported", "Reported", hint="errors that AWS or the caller reported", unit="reported"),
        Column("errors_inferred", "Inferred", hint="errors that a rule concluded from the output", unit="inferred"),
        Column("p50_ms", "p50", unit="p50"),
        Column("p95_ms", "p95", unit="p95"),
        Column("p99_ms", "p99", unit="p99"),
        Column("input_bytes_mean", "Input", unit="in", hint="mean size"),
        Column("output_bytes_mean", "Output", unit="out", hint="mean size"),
        Column("turns", "Turns", unit="turns"),
    )


def call_values(tally: Tally, cells: Sequence[Cell], used: Usage, calls: int) -> tuple[Datum, ...]:
    """The values below `call_columns`, without the first."""
    p50, p95, p99 = percentiles(tally, 0.50, 0.95, 0.99)
    timed = f"{tally.timed_calls:,} of {counted(tally.calls, 'call')} have a known duration"
    return (
        trend([bucket.calls for bucket in over_time(cells, used.period)]),
        number(tally.calls),
        rate(tally.calls, calls),
        part_of(tally.errors_reported, tally.calls, tone="err"),
        part_of(tally.errors_inferred, tally.calls, tone="soft"),
        lasted(p50, hint=timed),
        lasted(p95, hint=timed),
        lasted(p99, hint=timed),
        mean(tally.input_bytes, tally.calls_with_input, bytes=True),
        mean(tally.output_bytes, tally.calls_with_output, bytes=True),
        number(tally.turns),
    )


def _tools(used: Usage, called: Sequence[Cell], query: QueryParams, now: int) -> Table:
    found = by(called, lambda cell: cell.name)
    in_sessions = by(used.of(SESSION_TOOL), lambda cell: cell.name)
    cells_of: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in called:
        cells_of[cell.name].append(cell)
    calls = sum(tally.calls for tally in found.values())
    most = max((tally.calls for tally in found.values()), default=0)
    return table(
        "tools",
        "Tools, the most called first",
        (*call_columns(Column("tool", "Tool", number=False)), Column("sessions", "Sessions", unit="sessions"), _LAST),
        (
            (
                with_bar(
                    named(name, href=address_of(name, query)),
                    tally.calls,
                    most,
                    tally.errors_reported + tally.errors_inferred,
                ),
                *call_values(tally, cells_of[name], used, calls),
                number(in_sessions[name].calls if name in in_sessions else 0),
                when(tally.last_at, now),
            )
            for name, tally in found.items()
        ),
    )


def _callers(used: Usage, called: Sequence[Cell], grouped: str, query: QueryParams) -> Table:
    key = key_of(grouped)
    found = by(called, key)
    cells_of: defaultdict[Key, list[Cell]] = defaultdict(list)
    for cell in called:
        cells_of[key(cell)].append(cell)
    calls = sum(tally.calls for tally in found.values())
    return table(
        "callers",
        f"Calls by {grouped}, the most first",
        call_columns(Column(grouped, _BY[grouped], number=False)),
        ((agent_datum(who), *call_values(tally, cells_of[who], used, calls)) for who, tally in found.items()),
    )


def _per_turn(cells: Sequence[Cell]) -> Table:
    """How many turns called tools how often."""
    turns: defaultdict[int, int] = defaultdict(int)
    for cell in cells:
        turns[min(int(cell.name), _MOST_CALLS_SHOWN)] += cell.tally.calls
    whole, most = sum(turns.values()), max(turns.values(), default=0)
    return table(
        "calls_per_turn",
        "Calls per turn",
        (Column("calls", "Tool calls in a turn", number=False), Column("turns", "Turns", unit="turns"), _SHARE),
        (
            (
                with_bar(Datum(calls, f"{calls} or more" if calls == _MOST_CALLS_SHOWN else str(calls)), count, most),
                number(count),
                rate(count, whole),
            )
            for calls, count in sorted(turns.items())
        ),
    )


def _never_called(connection: Connection, called: Sequence[Cell], filter: Filter) -> Table:
    """What agents' prompts offered and nobody called in this time."""
    names = {cell.name for cell in called}
    offers: defaultdict[str, set[str]] = defaultdict(set)
    for offer in offered_tools.matching(connection, filter):
        if offer.tool not in names:
            offers[offer.tool].add(offer.agent_id or "agent not reported")
    return table(
        "never_called",
        "Offered, but not called",
        (Column("tool", "Function", number=False), Column("agents", "Agents", number=False)),
        ((named(tool), named(", ".join(sorted(agents)))) for tool, agents in sorted(offers.items())),
        note="Functions that prompts of Bedrock's own templates list. Operations of OpenAPI schemas are listed under "
        "another name than they are called by, so nothing can be said of them.",
    )


def _follows(cells: Sequence[Cell]) -> Table:
    """Which tool was called after which in the same turn."""
    pairs = by(cells, lambda cell: (cell.detail or "", cell.name))
    after: defaultdict[str, int] = defaultdict(int)
    for (before, _), tally in pairs.items():
        after[before] += tally.calls
    return table(
        "follows",
        "Which tool follows which",
        (
            Column("tool", "Tool", number=False),
            Column("next", "Next tool in the turn", number=False),
            Column("calls", "Times", unit="times"),
            Column("share", "Of what follows it"),
        ),
        (
            (
                named(before, href=address_of(before)),
                named(name, href=address_of(name)),
                number(tally.calls),
                rate(tally.calls, after[before]),
            )
            for (before, name), tally in list(pairs.items())[:_MOST_FOLLOWS]
        ),
        note=f"The {_MOST_FOLLOWS} most frequent of {len(pairs):,}." if len(pairs) > _MOST_FOLLOWS else "",
    )


_LAST = Column("last_called_at", "Last call", number=False)
_SHARE = Column("share", "Share", unit="of turns")
