"""The bars above the list: how many sessions began when, and how many of them have errors."""

from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.period import Period
from tracehub.analytics.usage import over_time, period_for, usage
from tracehub.model.listing import Filter, SessionBar
from tracehub.model.tally import SESSION
from tracehub.store import sessions
from tracehub.web.pages.amounts import count, counted
from tracehub.web.reports.bars_of_calls import narrowed
from tracehub.web.reports.charts import Chart, bar_chart
from tracehub.web.reports.moments_of_axis import stretch

MOST_SESSIONS = 20_000
# Where turns and their calls must be looked at to know what matches.
MOST_LOOKED_INTO = 1000
TALL = 40


def session_bars(connection: Connection, filter: Filter, query: QueryParams, now: int) -> Chart | None:
    """The chart, each bar a link to the sessions of its time; None where there would be one bar or none."""
    period = period_for(connection, filter, now)
    bars = {bar.began_at: bar for bar in _bars(connection, filter, period, now)}
    found = [bars.get(begin) or SessionBar(began_at=begin, sessions=0, with_errors=0) for begin in period.buckets]
    if sum(1 for bar in found if bar.sessions) < 2:
        return None
    return bar_chart(
        "sessions",
        "Sessions over time",
        period,
        [(("ok", bar.sessions - bar.with_errors), ("err", bar.with_errors)) for bar in found],
        titles=[
            f"{stretch(bar.began_at, period)}: {counted(bar.sessions, 'session')}, {bar.with_errors:,} with errors"
            for bar in found
        ],
        hrefs=list(narrowed("/sessions", query, period)),
        legend=(),
        top=count(max(bar.sessions for bar in found)),
        words=f"Sessions over time{_cut(filter)}, those with errors marked. Each bar leads to the sessions of its time",
        tall=TALL,
    )


def _cut(filter: Filter) -> str:
    return f", of the latest {MOST_LOOKED_INTO:,} that match" if looks_into_turns(filter) else ""


def looks_into_turns(filter: Filter) -> bool:
    """Whether a session's own row does not tell if it matches."""
    return bool(filter.q or filter.tools or filter.knowledge_bases or filter.models)


def _bars(connection: Connection, filter: Filter, period: Period, now: int) -> tuple[SessionBar, ...]:
    """From the rollups where they can tell, else from the latest matching sessions."""
    of_rollups = Filter(
        agents=filter.agents, aliases=filter.aliases, versions=filter.versions, since=filter.since, until=filter.until
    )
    if filter != of_rollups:
        within = replace(filter, since=max(filter.since or 0, period.since))
        most = MOST_LOOKED_INTO if looks_into_turns(filter) else MOST_SESSIONS
        return sessions.bars(connection, within, period.length, most)
    used = usage(connection, filter, [SESSION], now)
    return tuple(
        SessionBar(
            began_at=begin,
            sessions=tally.calls,
            with_errors=min(max(tally.failed, tally.errors_reported + tally.errors_inferred), tally.calls),
        )
        for begin, tally in zip(period.buckets, over_time(used.cells, used.period), strict=True)
    )
