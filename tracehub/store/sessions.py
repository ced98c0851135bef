"""The sessions that lists show: sums over their traces."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, case, delete, false, func, select
from sqlalchemy import cast as cast_to

from tracehub.errors import NotFoundError
from tracehub.model.listing import Filter, Key, Page, SessionBar, SessionOrder, SessionRow
from tracehub.store import rollup_marks
from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import lock, upsert
from tracehub.store.filtering import called_spans, session_conditions
from tracehub.store.paging import keyset_page
from tracehub.store.rollups import names_called, waiting
from tracehub.store.schema import DEFAULT_PROJECT, sessions, spans, traces

_FIELDS = SessionRow.__struct_fields__
_COLUMNS = [sessions.c[name] for name in _FIELDS]
_FIRST = ("session_reported", "agent_id", "alias_id", "agent_version", "agent_name", "inline", "question")


def page(
    connection: Connection,
    filter: Filter,
    *,
    older_than: Key | None = None,
    newer_than: Key | None = None,
    limit: int,
    order: SessionOrder = SessionOrder.STARTED,
    project: str = DEFAULT_PROJECT,
) -> Page[SessionRow]:
    """Sessions that match, the greatest by `order` first: by default the latest begun."""
    query = select(*_COLUMNS).where(sessions.c.project_id == project, *_matching(connection, filter, project))
    return keyset_page(
        connection,
        query,
        (_ORDERS[order], sessions.c.session_id),
        row=_row,
        key=lambda row: Key(value_of(row, order), row.session_id),
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )


def bars(
    connection: Connection, filter: Filter, length: int, most: int, *, project: str = DEFAULT_PROJECT
) -> tuple[SessionBar, ...]:
    """How many matching sessions began in each stretch of `length` microseconds, of the latest `most` of them."""
    began_at = (sessions.c.ordered_at - sessions.c.ordered_at % length).label("began_at")
    errors = sessions.c.failed_turns + sessions.c.errors_reported + sessions.c.errors_inferred
    latest = (
        select(began_at, case((errors > 0, 1), else_=0).label("with_errors"))
        .where(sessions.c.project_id == project, *_matching(connection, filter, project))
        .order_by(sessions.c.ordered_at.desc())
        .limit(most)
        .subquery()
    )
    query = select(latest.c.began_at, func.count(), func.sum(latest.c.with_errors)).group_by(latest.c.began_at)
    return tuple(
        SessionBar(began_at=at, sessions=number, with_errors=int(failed))
        for at, number, failed in connection.execute(query)
    )


def get(connection: Connection, session_id: str, *, project: str = DEFAULT_PROJECT) -> SessionRow:
    """One session; NotFoundError where there is none."""
    query = select(*_COLUMNS).where(sessions.c.project_id == project, sessions.c.session_id == session_id)
    found = connection.execute(query).first()
    if found is None:
        msg = f"there is no session {session_id}"
        raise NotFoundError(msg)
    return _row(found)


def with_question(
    connection: Connection, question: str, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[SessionRow, ...]:
    """The latest sessions that began with this question, as far as its excerpt tells, newest first."""
    query = select(*_COLUMNS).where(sessions.c.project_id == project, sessions.c.question == question)
    return tuple(_row(row) for row in connection.execute(query.order_by(sessions.c.ordered_at.desc()).limit(limit)))


def count(connection: Connection, filter: Filter, cap: int, *, project: str = DEFAULT_PROJECT) -> int:
    """How many sessions match, counted no further than `cap`."""
    matching = (
        select(1).where(sessions.c.project_id == project, *_matching(connection, filter, project)).select_from(sessions)
    )
    return connection.scalar(select(func.count()).select_from(matching.limit(cap).subquery())) or 0


def refresh(connection: Connection, session_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> None:
    """Sums these sessions again from their traces; those without any are removed."""
    wanted = sorted(set(session_ids))
    lock(connection, (f"session/{project}/{session_id}" for session_id in wanted))
    for chunk in in_chunks(wanted):
        before = select(sessions.c.ordered_at).where(sessions.c.project_id == project, sessions.c.session_id.in_(chunk))
        rollup_marks.mark(connection, connection.scalars(before), project=project)
        rows = _summed(connection, chunk, project)
        rollup_marks.mark(connection, (cast("int", row["ordered_at"]) for row in rows), project=project)
        upsert(connection, sessions, rows)
        emptied = set(chunk).difference(row["session_id"] for row in rows)
        if emptied:
            connection.execute(
                delete(sessions).where(sessions.c.project_id == project, sessions.c.session_id.in_(emptied))
            )


def _summed(connection: Connection, session_ids: list[str], project: str) -> list[dict[str, object]]:
    of_these = (traces.c.project_id == project, traces.c.session_id.in_(session_ids))
    sums = select(
        traces.c.session_id,
        func.min(traces.c.ordered_at).label("ordered_at"),
        func.min(traces.c.received_at).label("received_at"),
        func.min(traces.c.started_at).label("started_at"),
        func.max(traces.c.ended_at).label("ended_at"),
        func.sum(traces.c.ended_at - traces.c.started_at).label("working_us"),
        func.count().label("turns"),
        *(_counted(outcome).label(name) for name, outcome in _OUTCOME_COLUMNS.items()),
        *(func.sum(traces.c[name]).label(name) for name in _SUMMED),
    ).where(*of_these)
    rank = func.row_number().over(partition_by=traces.c.session_id, order_by=(traces.c.ordered_at, traces.c.trace_id))
    ranked = (
        select(traces.c.session_id, *(traces.c[name] for name in _FIRST), rank.label("rank"))
        .where(*of_these)
        .subquery()
    )
    first = {row.session_id: row for row in connection.execute(select(ranked).where(ranked.c.rank == 1))}
    return [
        {"project_id": project}
        | {name: getattr(first[row.session_id], name) for name in _FIRST}
        | {name: _number(name, value) for name, value in row._mapping.items()}
        for row in connection.execute(sums.group_by(traces.c.session_id))
    ]


_OUTCOME_COLUMNS = {
    "failed_turns": "failed",
    "blocked_turns": "blocked",
    "incomplete_turns": "incomplete",
    "returned_turns": "returned_control",
}
_SUMMED = (
    "steps",
    "errors_reported",
    "errors_inferred",
    "input_tokens",
    "output_tokens",
    "model_calls",
    "calls_with_tokens",
    "cost_usd",
    "priced_calls",
)


def _counted(outcome: str) -> Any:
    return func.sum(case((traces.c.outcome == outcome, 1), else_=0))


def _number(name: str, value: Any) -> object:
    """PostgreSQL sums bigint as numeric, but the columns hold whole numbers. A sum of costs depends on the order of its
    terms in the last digit: it is rounded to nano-dollars, so that the same traces give the same session."""
    if value is None or isinstance(value, str):
        return value
    return round(float(value), 9) if name == "cost_usd" else int(value)


def _matching(connection: Connection, filter: Filter, project: str) -> list[ColumnElement[bool]]:
    """The filter's conditions, in the form that is quicker for how often its tools were called."""
    if filter.models and not _may_be_called(connection, filter.models, project):
        return [false()]
    calls = called_spans(filter)
    if not calls or filter.q:
        return session_conditions(filter, project)
    some = select(1).where(spans.c.project_id == project, *calls).limit(_FEW_CALLS + 1).subquery()
    number = connection.scalar(select(func.count()).select_from(some)) or 0
    return session_conditions(filter, project, rare=number <= _FEW_CALLS)


def _may_be_called(connection: Connection, models: Sequence[str], project: str) -> bool:
    """No index finds a model's calls: where none was ever called, every session would be looked at in vain."""
    return bool(names_called(connection, ["model"], models, project=project) or waiting(connection, project=project))


def value_of(row: SessionRow, order: SessionOrder) -> int:
    """What the list orders the row by, as a Key has it."""
    match order:
        case SessionOrder.STARTED:
            return row.ordered_at
        case SessionOrder.DURATION:
            return -1 if row.working_us is None else row.working_us
        case SessionOrder.COST:
            return -_NANO if row.cost_usd is None else round(row.cost_usd * _NANO)
        case SessionOrder.STEPS:
            return row.steps
        case SessionOrder.TURNS:
            return row.turns
        case SessionOrder.TOKENS:
            unknown = row.input_tokens is None and row.output_tokens is None
            return -1 if unknown else (row.input_tokens or 0) + (row.output_tokens or 0)


_NANO = 1_000_000_000
_FEW_CALLS = 20_000
_ORDERS: dict[SessionOrder, ColumnElement[int]] = {
    SessionOrder.STARTED: sessions.c.ordered_at,
    SessionOrder.DURATION: func.coalesce(sessions.c.working_us, -1),
    SessionOrder.COST: cast_to(func.round(func.coalesce(sessions.c.cost_usd, -1.0) * _NANO), BigInteger),
    SessionOrder.STEPS: sessions.c.steps,
    SessionOrder.TURNS: sessions.c.turns,
    SessionOrder.TOKENS: case(
        (func.coalesce(sessions.c.input_tokens, sessions.c.output_tokens).is_(None), -1),
        else_=func.coalesce(sessions.c.input_tokens, 0) + func.coalesce(sessions.c.output_tokens, 0),
    ),
}


def _row(row: Row[Any]) -> SessionRow:
    return SessionRow(**dict(zip(_FIELDS, row, strict=True)))
