"""Two sessions side by side: turns by their number, steps by what was called."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from urllib.parse import urlencode

from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.listing import SessionRow, SpanRow, TraceRow
from tracehub.model.span import Outcome
from tracehub.store import sessions, spans, traces
from tracehub.web.filters import BadQueryError
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, money, tokens_in_out
from tracehub.web.pages.durations import UNKNOWN, between, duration
from tracehub.web.pages.filter_bar import FilterBar
from tracehub.web.pages.labels import KINDS, error_badge, outcome_badge
from tracehub.web.pages.short_names import span_name
from tracehub.web.pages.visible import one_line
from tracehub.web.reports.report import Figure, Link, Report
from tracehub.web.reports.tables import Column, Datum, Table, named, table

PATH = "/compare/sessions"
MOST_TURNS = 100
MOST_STEPS = 4000
_SUGGESTED = 10
Pair = tuple[SpanRow | None, SpanRow | None]


def sessions_compared(connection: Connection, query: QueryParams, *, now: int) -> Report:
    """The page; with one session or none, the sessions that suggest themselves. NotFoundError where one is unknown."""
    for name in query:
        if name not in ("a", "b"):
            raise BadQueryError(name[:50], "not on this page, which knows a, b")
    found = {name: sessions.get(connection, query[name]) for name in ("a", "b") if query.get(name)}
    blank = Report(
        section="compare",
        title="Compare sessions",
        heading="Compare two sessions",
        path=PATH,
        crumb=Link("Compare", "/compare"),
        filters=FilterBar(
            action=PATH,
            searched=None,
            problem=None,
            choices=(),
            more=(),
            amounts=(),
            more_used=False,
            errors=None,
            chips=(),
            words=(("a", "Session A", query.get("a", "")), ("b", "Session B", query.get("b", ""))),
        ),
        empty="Write the ids of two sessions above, or open a session and choose “Compare” there.",
    )
    a, b = found.get("a"), found.get("b")
    if a and b:
        return _compared(connection, blank, a, b)
    one = a or b
    if one is None:
        return blank
    return _suggested(connection, blank, one)


def _suggested(connection: Connection, blank: Report, one: SessionRow) -> Report:
    """Other sessions that began with the same question."""
    alike = sessions.with_question(connection, one.question, _SUGGESTED + 1) if one.question else ()
    rows = [
        (
            named(row.session_id, href=f"{PATH}?{_query(one.session_id, row.session_id)}"),
            named("/".join(part or "—" for part in (row.agent_id, row.alias_id, row.agent_version))),
            Datum(row.turns, count(row.turns)),
            Datum(row.steps, count(row.steps)),
            Datum(row.errors_reported, count(row.errors_reported)),
            Datum(row.errors_inferred, count(row.errors_inferred)),
        )
        for row in alike
        if row.session_id != one.session_id
    ]
    columns = (
        Column("session_id", "Compare with", number=False),
        Column("agent", "Agent, alias, version", number=False),
        Column("turns", "Turns", unit="turns"),
        Column("steps", "Steps", unit="steps"),
        Column("errors_reported", "Reported", unit="reported"),
        Column("errors_inferred", "Inferred", unit="inferred"),
    )
    found = table("alike", "Sessions that began with the same question", columns, rows)
    return replace(
        blank,
        items=(found,) if rows else (),
        empty="No other session began with the same question. Write the id of the second one above.",
    )


def _compared(connection: Connection, blank: Report, a: SessionRow, b: SessionRow) -> Report:
    turns = [traces.of_session(connection, row.session_id)[:MOST_TURNS] for row in (a, b)]
    steps: list[dict[str, tuple[SpanRow, ...]]] = []
    for rows in turns:
        total, wanted = 0, []
        for row in rows:
            total += row.steps
            if total <= MOST_STEPS:
                wanted.append(row.trace_id)
        steps.append(spans.of_traces(connection, wanted))
    tables = []
    for place, (of_a, of_b) in enumerate(zip_longest(*turns), 1):
        tables.append(_turn(place, of_a, of_b, steps, (a.session_id, b.session_id)))
    cut = max(a.turns, b.turns) > MOST_TURNS or max(a.steps, b.steps) > MOST_STEPS
    return replace(
        blank,
        figures=tuple(_figure(name, row) for name, row in (("A", a), ("B", b))),
        items=(_sums(a, b), *tables),
        links=(
            Link("Session A", addresses.session(a.session_id)),
            Link("Session B", addresses.session(b.session_id)),
            Link("Exchange A and B", f"{PATH}?{_query(b.session_id, a.session_id)}"),
        ),
        notes=(
            "= the same call · ≠ the same call, ended otherwise · + only in B · − only in A",
            f"Only the first {MOST_TURNS} turns and {MOST_STEPS:,} steps of a session are compared." if cut else "",
        ),
    )


def _turn(
    number: int,
    a: TraceRow | None,
    b: TraceRow | None,
    steps: list[dict[str, tuple[SpanRow, ...]]],
    ids: tuple[str, str],
) -> Table:
    of_each = [steps[side].get(row.trace_id, ())[1:] if row else () for side, row in enumerate((a, b))]
    questions = [row.question for row in (a, b) if row and row.question]
    same = len(questions) == 2 and questions[0] == questions[1]
    title = f"Turn {number}: {one_line(questions[0], 80)}" if questions else f"Turn {number}"
    if len(questions) == 2 and not same:
        title = f"Turn {number}: {one_line(questions[0], 60)} ≠ {one_line(questions[1], 60)}"
    columns = (
        Column("mark", "Mark", number=False),
        Column("a", "A", number=False),
        Column("a_duration", "Duration"),
        Column("b", "B", number=False),
        Column("b_duration", "Duration"),
    )
    rows = [(_mark(pair), *_side(pair[0], ids[0]), *_side(pair[1], ids[1])) for pair in aligned(of_each[0], of_each[1])]
    return table(f"turn_{number}", title, columns, rows)


def aligned(a: Sequence[SpanRow], b: Sequence[SpanRow]) -> Iterator[Pair]:
    """The steps of both in order; those of the same kind and name that lie in the same order stand side by side."""
    keys = [[(span.kind, span.name, span.depth) for span in side] for side in (a, b)]
    for tag, a1, a2, b1, b2 in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(a[a1:a2], b[b1:b2], strict=True)
        else:
            yield from ((span, None) for span in a[a1:a2])
            yield from ((None, span) for span in b[b1:b2])


def _mark(pair: Pair) -> Datum:
    match pair:
        case (None, _):
            return Datum("only_in_b", "+", hint="only in B")
        case (_, None):
            return Datum("only_in_a", "−", hint="only in A")
        case (SpanRow() as a, SpanRow() as b) if _end(a) != _end(b):
            return Datum("differs", "≠", hint="the same call, ended otherwise")
        case _:
            return Datum("same", "=", hint="the same call")


def _end(span: SpanRow) -> tuple[str, str | None]:
    return (span.outcome, span.error_source)


def _side(span: SpanRow | None, session_id: str) -> tuple[Datum, Datum]:
    if span is None:
        return Datum(None, ""), Datum(None, "")
    badge = error_badge(span.error_source)
    if badge is None and span.outcome is not Outcome.OK:
        badge = outcome_badge(span.outcome)
    said = f" {badge.mark} {badge.text}" if badge else ""
    name = f"{KINDS.get(span.kind, span.kind)} {one_line(span_name(span)[0], 80)}{said}"
    lasted = between(span.started_at, span.ended_at)
    href = addresses.step(session_id, span.trace_id, span.span_id)
    return (
        Datum(span.name, name, href=href, hint=one_line(span.summary or "", 160)),
        Datum(None if lasted is None else lasted / 1000, duration(lasted)),
    )


def _sums(a: SessionRow, b: SessionRow) -> Table:
    """The sessions' sums."""
    columns = (Column("metric", "Metric", number=False), Column("a", "A"), Column("b", "B"))
    values = (
        ("Turns", a.turns, b.turns),
        ("Steps", a.steps, b.steps),
        ("Failed turns", a.failed_turns, b.failed_turns),
        ("Errors reported", a.errors_reported, b.errors_reported),
        ("Errors inferred", a.errors_inferred, b.errors_inferred),
        ("Model calls", a.model_calls, b.model_calls),
    )
    rows: list[tuple[Datum, ...]] = [
        (named(name), Datum(of_a, count(of_a)), Datum(of_b, count(of_b))) for name, of_a, of_b in values
    ]
    rows += [
        (named("Working"), *(Datum(row.working_us, duration(row.working_us)) for row in (a, b))),
        (
            named("Tokens in → out"),
            *(Datum(None, tokens_in_out(row.input_tokens, row.output_tokens) or UNKNOWN) for row in (a, b)),
        ),
        (named("Cost"), *(Datum(row.cost_usd, money(row.cost_usd, row.model_calls)) for row in (a, b))),
    ]
    return table("sums", "In all", columns, rows)


def _figure(name: str, row: SessionRow) -> Figure:
    who = "/".join(part for part in (row.agent_id, row.alias_id, row.agent_version) if part)
    return Figure(name, one_line(row.session_id, 60), one_line(who, 100))


def _query(a: str, b: str) -> str:
    return urlencode({"a": a, "b": b})
