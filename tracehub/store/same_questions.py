"""Questions that two versions of agents were both asked, and how the sessions that began with them ended."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from tracehub.model.listing import Filter
from tracehub.store.filtering import session_conditions
from tracehub.store.schema import DEFAULT_PROJECT, sessions

MOST_SESSIONS = 5000


class Asked(msgspec.Struct, frozen=True):
    """One question on one side: in how many sessions, how many of them with errors, and one of those (or any)."""

    sessions: int
    with_errors: int
    example: str


def asked(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> dict[str, Asked]:
    """The first questions of the latest MOST_SESSIONS matching sessions."""
    errors = sessions.c.failed_turns + sessions.c.errors_reported + sessions.c.errors_inferred
    latest = (
        select(sessions.c.question, sessions.c.session_id, errors.label("errors"))
        .where(sessions.c.project_id == project, sessions.c.question.is_not(None), *session_conditions(filter))
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
