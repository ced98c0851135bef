"""How long turns, models, tools and lookups take, and where a turn's time goes."""

from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.usage import Usage, by, over_time, percentiles, sum_of, usage
from tracehub.analytics.versions import VersionChange, version_changes
from tracehub.model.tally import FIRST_TEXT, TURN, Cell
from tracehub.web.pages.amounts import counted, share
from tracehub.web.pages.durations import duration, milliseconds
from tracehub.web.pages.short_names import model_name
from tracehub.web.reports.agents import agent_datum, key_of
from tracehub.web.reports.bars_of_calls import iso_of, narrowed
from tracehub.web.reports.filters import choice_of, read_usage_filter, usage_bar
from tracehub.web.reports.percentile_chart import SHARES, percentile_chart
from tracehub.web.reports.report import Figure, Report, Share, Shares, covered, tabs
from tracehub.web.reports.tables import Column, Datum, Table, lasted, named, number, table
from tracehub.web.reports.tools_report import address_of

PATH = "/latency"
_BY = {
    "turn": "Turns",
    "first_text": "First text",
    "model": "Models",
    "tool": "Tools",
    "kb": "Knowledge bases",
    "guardrail": "Guardrails",
}
_KINDS = {
    "turn": (TURN,),
    "first_text": (FIRST_TEXT,),
    "model": ("model",),
    "tool": ("tool", "code"),
    "kb": ("retrieval",),
    "guardrail": ("guardrail",),
}
_PARTS = {
    "model": "Models",
    "tool": "Tools",
    "code": "Code",
    "retrieval": "Knowledge bases",
    "guardrail": "Guardrails",
}


def latency_report(connection: Connection, query: QueryParams, *, now: int) -> Report:
    """Percentiles over time of one kind of step, with the moments when an alias changed its version."""
    what = choice_of(query, "by", _BY)
    filter = read_usage_filter(query, now, also=("by",))
    used = usage(connection, filter, (*_KINDS[what], TURN, *_PARTS), now)
    chosen = used.of(*_KINDS[what])
    buckets = over_time(chosen, used.period)
    hrefs = _sessions_of(query, used) if what == "turn" else narrowed(PATH, query, used.period)
    changes = version_changes(used.of(TURN))
    whole = sum_of(chosen)
    names = _named(chosen, what, query)
    moves = table(
        "version_changes",
        "Version changes of aliases",
        (
            Column("at", "First seen", number=False),
            Column("agent", "Agent and alias", number=False),
            Column("before", "From", number=False),
            Column("version", "To", number=False),
        ),
        (
            (
                named(iso_of(change.at), shown=iso_of(change.at)[:16].replace("T", " ") + " UTC"),
                agent_datum((change.agent_id, change.alias_id)),
                named(change.before),
                named(change.version),
            )
            for change in changes
        ),
    )
    charts = percentile_chart(f"{_BY[what]}: p50, p90 and p99", used.period, buckets, hrefs, _markers(changes))
    return Report(
        section="latency",
        title="Latency",
        heading="Latency",
        path=PATH,
        filters=usage_bar(connection, PATH, query, kept=("by",)),
        period=covered(used),
        since=used.period.since,
        until=used.period.until,
        minutes=used.period.minutes,
        tabs=tabs(PATH, query, "by", _BY, what),
        figures=(
            *(
                Figure(name, milliseconds(value))
                for name, value in zip(SHARES, percentiles(whole, *SHARES.values()), strict=True)
            ),
            Figure("Timed", f"{whole.timed_calls:,}", f"of {counted(whole.calls, 'call')} a duration is known"),
        ),
        items=(*charts, *_where_time_goes(used), names, *((moves,) if moves.rows else ())) if whole.calls else (),
        notes=(
            "First text: from the call to the answer's first text, known for calls through the proxy or the recorder.",
            "A turn's bar leads to the sessions of its time." if what == "turn" else "",
        ),
        empty=None if whole.calls else _nothing(what),
        icon="clock",
    )


def _markers(changes: Sequence[VersionChange]) -> list[tuple[int, str]]:
    """One marker per moment; several changes at once are counted, and named in the table."""
    at_once: defaultdict[int, list[VersionChange]] = defaultdict(list)
    for change in changes:
        at_once[change.at].append(change)
    return [
        (at, f"{some[0].alias_id} → {some[0].version}" if len(some) == 1 else f"{len(some)} aliases changed")
        for at, some in at_once.items()
    ]


def _nothing(what: str) -> str:
    if what == "first_text":
        return "The time to the first text is known of calls that went through the proxy or the recorder."
    return "Durations are shown here once a trace has some."


def _named(cells: Sequence[Cell], what: str, query: QueryParams) -> Table:
    """Percentiles by name, or by agent where all have the same."""
    columns = (
        *(Column(f"{name}_ms", name, unit=name) for name in SHARES),
        Column("mean_ms", "Mean", unit="mean"),
        Column("calls", "Timed calls", unit="calls"),
    )
    by_agent = what in ("turn", "first_text")
    rows = []
    for key, tally in by(cells, key_of("version") if by_agent else lambda cell: (cell.name,)).items():
        first = agent_datum(key) if by_agent else _name(what, key[0] or "", query)
        mean = tally.total_us / tally.timed_calls / 1000 if tally.total_us is not None and tally.timed_calls else None
        values = (lasted(value) for value in percentiles(tally, *SHARES.values()))
        rows.append((first, *values, lasted(mean), number(tally.timed_calls)))
    heading = "By agent, alias and version" if by_agent else f"By {_BY[what].lower().removesuffix('s')}"
    return table("by", heading, (Column("name", "Agent" if by_agent else _BY[what], number=False), *columns), rows)


def _name(what: str, name: str, query: QueryParams) -> Datum:
    if what == "model":
        return named(name, shown=model_name(name or None), hint=name)
    return named(name, href=address_of(name, query) if what == "tool" else None)


def _where_time_goes(used: Usage) -> tuple[Shares, ...]:
    """The turns' time by kind of step; what no step explains is the rest."""
    turns = sum_of(used.of(TURN)).total_us
    if not turns:
        return ()
    spent = {kind: sum_of(used.of(kind)).total_us or 0 for kind in _PARTS}
    rest = max(turns - sum(spent.values()), 0)
    whole = sum(spent.values()) + rest
    parts, x = [], 0.0
    for kind, name, lasted_us in (*((k, _PARTS[k], spent[k]) for k in _PARTS), ("rest", "Unaccounted", rest)):
        if lasted_us:
            width = lasted_us * 100 / whole
            parts.append(Share(kind, name, duration(lasted_us), share(lasted_us, whole), f"{x:.2f}", f"{width:.2f}"))
            x += width
    return (
        Shares(
            title="Where the turns' time goes",
            words=", ".join(f"{part.name} {part.share}" for part in parts),
            parts=tuple(parts),
            note="Steps that overlap are counted each; unaccounted is what no step of a turn explains.",
        ),
    )


def _sessions_of(query: QueryParams, used: Usage) -> list[str]:
    rest = [(name, value) for name, value in query.multi_items() if name in ("agent", "alias", "version") and value]
    return [
        f"/sessions?{urlencode([*rest, ('since', iso_of(b)), ('until', iso_of(b + used.period.length)), _LONGEST])}"
        for b in used.period.buckets
    ]


_LONGEST = ("sort", "duration")
