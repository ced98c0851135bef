"""Questions that two versions of agents were both asked, and how the sessions that began with them ended."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, select

from tracehub.model.listing import Filter
from tracehub.store.schema import DEFAULT_PROJECT, sessions

MOST_SESSIONS = 5000


class Asked(msgspec.Struct, frozen=True):
    """One question on one side: in how many sessions, how many of them with errors, and one of those (or any)."""

    sessions: int
    with_errors: int
    example: str


def asked(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> dict[str, Asked]:
    """The first questions of the latest MOST_SESSIONS sessions that began with these agents, aliases and versions."""
    errors = sessions.c.failed_turns + sessions.c.errors_reported + sessions.c.errors_inferred
    latest = (
        select(sessions.c.question, sessions.c.session_id, errors.label("errors"))
        .where(sessions.c.project_id == project, sessions.c.question.is_not(None), *_of_first_trace(filter))
        .order_by(sessions.c.ordered_at.desc())
        .limit(MOST_SESSIONS)
        .subquery()
    )
    failing = latest.c.errors > 0
    query: Select[Any] = select(
        latest.c.question,
        func.count(),
        func.count().filter(failing),
        func.max(latest.c.session_id).filter(failing),
        func.max(latest.c.session_id),
    ).group_by(latest.c.question)
    return {
        question: Asked(number, failed, example or other)
        for question, number, failed, example, other in connection.execute(query)
    }


def _of_first_trace(filter: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in (
        (sessions.c.agent_id, filter.agents),
        (sessions.c.alias_id, filter.aliases),
        (sessions.c.agent_version, filter.versions),
    ):
        if wanted:
            conditions.append(column.in_(wanted))
    if filter.since is not None:
        conditions.append(sessions.c.ordered_at >= filter.since)
    if filter.until is not None:
        conditions.append(sessions.c.ordered_at < filter.until)
    return conditions
