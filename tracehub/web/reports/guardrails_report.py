"""Guardrails: how often they looked, how often they stepped in, and under which policy."""

from collections import Counter, defaultdict

from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.usage import by, over_time, percentiles, sum_of, usage
from tracehub.model.tally import TURN, Cell
from tracehub.store import calls
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, counted
from tracehub.web.reports.agents import agent_datum, key_of
from tracehub.web.reports.bars_of_calls import narrowed
from tracehub.web.reports.charts import bar_chart
from tracehub.web.reports.filters import read_usage_filter, usage_bar
from tracehub.web.reports.moments_of_axis import stretch
from tracehub.web.reports.report import Figure, Report, covered
from tracehub.web.reports.tables import Column, lasted, named, number, rate, table, trend, when, with_bar

PATH = "/guardrails"
LATEST = 20
POLICIES = {
    "topic": "Denied topic",
    "content": "Content filter",
    "word": "Custom word",
    "managed_word": "Managed word list",
    "pii": "Personal data",
    "regex": "Regular expression",
    "": "Policy not reported",
}


def guardrails_report(connection: Connection, query: QueryParams, *, now: int) -> Report:
    """The page of guardrails."""
    filter = read_usage_filter(query, now)
    used = usage(connection, filter, ["guardrail", TURN], now)
    assessed = used.of("guardrail")
    hrefs = narrowed(PATH, query, used.period)
    buckets = over_time(assessed, used.period)
    whole = sum_of(assessed)
    turns = sum_of(used.of(TURN))
    acted: Counter[str] = Counter()
    cells_of: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in assessed:
        if cell.detail is not None:
            for policy in cell.detail.split(","):
                acted[policy] += cell.tally.calls
                cells_of[policy].append(cell)
    most = max(acted.values(), default=0)
    policies = table(
        "policies",
        "Interventions by policy",
        (
            Column("policy", "Policy", number=False),
            Column("trend", "Trend", number=False),
            Column("interventions", "Interventions", unit="interventions"),
            Column("share", "Share", hint="of all interventions; one may rest on several policies"),
        ),
        (
            (
                with_bar(named(policy, shown=POLICIES.get(policy, policy)), calls_acted, most),
                trend([bucket.calls for bucket in over_time(cells_of[policy], used.period)]),
                number(calls_acted),
                rate(calls_acted, whole.blocked),
            )
            for policy, calls_acted in acted.most_common()
        ),
    )
    agents = table(
        "agents",
        "By agent, alias and version",
        (
            Column("agent", "Agent", number=False),
            Column("assessments", "Assessments", unit="assessments"),
            Column("interventions", "Interventions", unit="interventions"),
            Column("intervention_rate", "Rate"),
            Column("p50_ms", "p50", unit="p50"),
            Column("p95_ms", "p95", unit="p95"),
        ),
        (
            (
                agent_datum(who),
                number(tally.calls),
                number(tally.blocked, tone="warn"),
                rate(tally.blocked, tally.calls, tone="warn"),
                *(lasted(value) for value in percentiles(tally, 0.50, 0.95)),
            )
            for who, tally in by(assessed, key_of("version")).items()
        ),
    )
    latest = table(
        "latest",
        f"The latest {LATEST} interventions",
        (
            Column("started_at", "When", number=False),
            Column("policies", "Policies", number=False),
            Column("found", "Findings", number=False),
            Column("agent", "Agent", number=False),
        ),
        (
            (
                when(row.started_at, now),
                named(
                    row.policies,
                    shown=", ".join(POLICIES.get(policy, policy) for policy in (row.policies or "").split(",")),
                    href=addresses.step(row.session_id, row.trace_id, row.span_id),
                ),
                named(row.summary),
                agent_datum((row.agent_id, row.alias_id, row.agent_version)),
            )
            for row in calls.interventions(connection, filter, LATEST)
        ),
    )
    chart = bar_chart(
        "interventions",
        "Interventions over time",
        used.period,
        [(("guardrail", tally.blocked),) for tally in buckets],
        titles=[
            f"{stretch(begin, used.period)}: {counted(tally.blocked, 'intervention')} in {tally.calls:,} assessments"
            for begin, tally in zip(used.period.buckets, buckets, strict=True)
        ],
        hrefs=hrefs,
        legend=[("guardrail", "Interventions")],
        top=count(max((tally.blocked for tally in buckets), default=0)),
        words=f"{counted(whole.blocked, 'intervention')} over time",
    )
    return Report(
        section="guardrails",
        title="Guardrails",
        heading="Guardrails",
        path=PATH,
        filters=usage_bar(connection, PATH, query),
        period=covered(used),
        since=used.period.since,
        until=used.period.until,
        minutes=used.period.minutes,
        figures=(
            Figure("Assessments", f"{whole.calls:,}"),
            Figure("Interventions", f"{whole.blocked:,}", rate(whole.blocked, whole.calls).text),
            Figure("Turns blocked", rate(turns.blocked, turns.calls).text, f"{turns.blocked:,} of {turns.calls:,}"),
        ),
        items=(policies, chart, agents, latest) if acted else (agents,) if assessed else (),
        notes=("One intervention may rest on several policies, and then counts for each.",) if acted else (),
        empty=None if assessed else "Assessments by guardrails are counted here once a trace has some.",
        icon="shield",
    )
