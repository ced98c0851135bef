"""Tokens and money by agent, alias, version and model, and how much of it has a price."""

from collections import defaultdict

from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.usage import Usage, by, dollars, over_time, sum_of, usage
from tracehub.model.tally import SESSION, TURN, Cell, Tally
from tracehub.web.pages.amounts import counted, money
from tracehub.web.pages.short_names import model_name
from tracehub.web.reports.agents import BY_AGENT, Key, agent_datum, key_of
from tracehub.web.reports.bars_of_calls import iso_of, narrowed
from tracehub.web.reports.charts import Chart, bar_chart
from tracehub.web.reports.filters import choice_of, read_usage_filter, usage_bar
from tracehub.web.reports.moments_of_axis import stretch
from tracehub.web.reports.report import Figure, Report, covered, tabs
from tracehub.web.reports.tables import Column, Datum, Table, named, number, rate, spent, table, trend, with_bar

PATH = "/cost"
_BY = {"model": "Model", **BY_AGENT}


def cost_report(connection: Connection, query: QueryParams, *, now: int) -> Report:
    """The page of tokens and cost."""
    grouped = choice_of(query, "by", _BY)
    filter = read_usage_filter(query, now, also=("by",))
    used = usage(connection, filter, ["model", TURN, SESSION], now)
    models = used.of("model")
    whole = sum_of(models)
    buckets = over_time(models, used.period)
    hrefs = narrowed(PATH, query, used.period)
    grouping = _groups(used, models, grouped)
    over = _over_time(used, buckets, hrefs)
    turns, sessions = sum_of(used.of(TURN)).calls, sum_of(used.of(SESSION)).calls
    cost = dollars(whole)
    return Report(
        section="cost",
        title="Cost and tokens",
        heading="Cost and tokens",
        path=PATH,
        filters=usage_bar(connection, PATH, query, kept=("by",)),
        period=covered(used),
        since=used.period.since,
        until=used.period.until,
        minutes=used.period.minutes,
        tabs=tabs(PATH, query, "by", _BY, grouped),
        figures=(
            Figure("Cost", money(cost, whole.calls), "of the calls that have a price"),
            Figure("Per session", money(cost / sessions if cost is not None and sessions else None, sessions)),
            Figure("Per turn", money(cost / turns if cost is not None and turns else None, turns)),
            Figure("Tokens in", number(whole.input_tokens).text, _reported(whole)),
            Figure("Tokens out", number(whole.output_tokens).text, _reported(whole)),
            Figure(
                "Unpriced",
                rate(whole.calls - whole.priced_calls, whole.calls).text,
                f"{whole.calls - whole.priced_calls:,} of {counted(whole.calls, 'model call')} have no price",
            ),
        ),
        items=(grouping, _chart(used, buckets, hrefs), over) if models else (),
        notes=(
            "Cost is computed from reported tokens and the table of prices; see README, “Prices”.",
            "What has no price is not in the sums: the real cost is higher by the unpriced share.",
        ),
        empty=None if models else "Tokens and cost of model calls are summed here once a trace has some.",
        icon="coins",
    )


def _groups(used: Usage, models: tuple[Cell, ...], grouped: str) -> Table:
    def by_model(cell: Cell) -> Key:
        return (cell.name,)

    key = by_model if grouped == "model" else key_of(grouped)
    found = by(models, key)
    cells_of: defaultdict[Key, list[Cell]] = defaultdict(list)
    for cell in models:
        cells_of[key(cell)].append(cell)
    in_order = sorted(found.items(), key=lambda item: -(item[1].cost_nano_usd or 0))
    most = max((tally.cost_nano_usd or 0 for tally in found.values()), default=0)
    whole = sum(tally.cost_nano_usd or 0 for tally in found.values())
    columns = (
        Column(grouped, _BY[grouped], number=False),
        Column("trend", "Trend", number=False),
        Column("cost_usd", "Cost"),
        Column("share", "Share", unit="of cost"),
        Column("model_calls", "Model calls", unit="calls"),
        Column("input_tokens", "Tokens in", unit="in"),
        Column("output_tokens", "Tokens out", unit="out"),
        Column("cost_per_call_usd", "Per call", unit="per call"),
        Column("unpriced_share", "Unpriced", unit="unpriced"),
    )
    rows = []
    for who, tally in in_order:
        cost = dollars(tally)
        each = cost / tally.priced_calls if cost is not None and tally.priced_calls else None
        first = _model(who[0]) if grouped == "model" else agent_datum(who)
        over = over_time(cells_of[who], used.period)
        rows.append(
            (
                with_bar(first, tally.cost_nano_usd or 0, most),
                trend([bucket.cost_nano_usd or 0 for bucket in over]),
                spent(cost, tally.calls),
                rate(tally.cost_nano_usd or 0, whole) if cost is not None else named(None),
                number(tally.calls),
                number(tally.input_tokens, hint=_reported(tally)),
                number(tally.output_tokens, hint=_reported(tally)),
                spent(each, tally.calls),
                rate(tally.calls - tally.priced_calls, tally.calls, tone="warn"),
            )
        )
    return table("groups", f"By {_BY[grouped].lower()}, the dearest first", columns, rows)


def _over_time(used: Usage, buckets: tuple[Tally, ...], hrefs: list[str]) -> Table:
    columns = (
        Column("began_at", "From", number=False),
        Column("cost_usd", "Cost"),
        Column("model_calls", "Model calls", unit="calls"),
        Column("input_tokens", "Tokens in", unit="in"),
        Column("output_tokens", "Tokens out", unit="out"),
    )
    rows = [
        (
            named(iso_of(begin), shown=stretch(begin, used.period), href=href),
            spent(dollars(tally), tally.calls),
            number(tally.calls),
            number(tally.input_tokens),
            number(tally.output_tokens),
        )
        for begin, tally, href in zip(used.period.buckets, buckets, hrefs, strict=True)
    ]
    return replace(table("over_time", "Over time", columns, reversed(rows)), folded=True)


def _chart(used: Usage, buckets: tuple[Tally, ...], hrefs: list[str]) -> Chart:
    most = max((tally.cost_nano_usd or 0 for tally in buckets), default=0)
    return bar_chart(
        "cost",
        "Cost over time",
        used.period,
        [(("model", tally.cost_nano_usd or 0),) for tally in buckets],
        titles=[
            f"{stretch(begin, used.period)}: {money(dollars(tally), tally.calls)}, {counted(tally.calls, 'model call')}"
            for begin, tally in zip(used.period.buckets, buckets, strict=True)
        ],
        hrefs=hrefs,
        legend=[("model", "Cost of model calls")],
        top=money(most / 1e9),
        words="Cost over time; the numbers are in the table below",
    )


def _model(model_id: str | None) -> Datum:
    return named(model_id, shown=model_name(model_id), hint=model_id or "")


def _reported(tally: Tally) -> str:
    return f"reported by {tally.calls_with_tokens:,} of {counted(tally.calls, 'model call')}"
